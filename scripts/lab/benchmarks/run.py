"""Benchmark: run the benchmarks one after the other, print the table, write the files."""

import os
import warnings
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from pathlib import Path

from model.backbone.backbone import Origin
from scripts.cli.connection.api import ApiError
from scripts.lab.backbones import exported
from scripts.lab.benchmarks import (
    cycle,
    embedding,
    few_labels,
    images,
    predict,
    predictions,
    report,
    rerank,
    retrain,
    samples,
    start,
    warm_start,
    webhook,
)
from scripts.lab.benchmarks import stack as stacks
from scripts.lab.benchmarks.errors import BenchmarkError
from scripts.lab.benchmarks.figures import Measured
from scripts.lab.benchmarks.images import ImageSet
from scripts.lab.benchmarks.options import BenchmarkOptions
from scripts.lab.benchmarks.projects import make
from scripts.lab.benchmarks.stack import Database
from scripts.stack.surroundings import inherited

# LanceDB warns of every process that is started here; those begin anew and share nothing with it.
warnings.filterwarnings("ignore", message="lancedb fork support", category=RuntimeWarning)

BACKBONE = "efficientnet-lite0"
TARGET_MISSED = 3
EMBEDDED_FILES = 64
RETRAIN_LABELS = 5_000
SERVED_TASKS, SERVED_LABELS = 1_000, 500
"""The project that `/predict` and `/webhook` are measured on."""
FIRST_LABELS, STEADY_LABELS, LABELS_PER_SECOND = 20, 300, 1.0
"""What is labelled before and while predictions are counted."""


def benchmark(options: BenchmarkOptions) -> int:
    """Measure.

    Returns:
        0 if every target is met, 3 if one is not.

    Raises:
        BenchmarkError: something could not be measured; what was measured before is written.
    """
    # Requests of libraries to our own servers must pass by a proxy too.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = inherited()["NO_PROXY"]
    about = report.machine()
    outcomes: dict[str, Measured] = {}
    try:
        for name, outcome in Benchmarks(options).run():
            outcomes[name] = outcome
            report.table({name: outcome}).show()
            print(flush=True)
    except ApiError as problem:
        raise BenchmarkError(str(problem)) from problem
    finally:
        # What was measured before something failed is worth keeping.
        _write(outcomes, about, options)
    missed = [figure.measure for outcome in outcomes.values() for figure in outcome["figures"] if figure.met is False]
    print(f"Missed: {'; '.join(missed)}" if missed else "All targets are met.")
    return TARGET_MISSED if missed else 0


class Benchmarks:
    """The benchmarks that were asked for, with what they share."""

    def __init__(self, options: BenchmarkOptions) -> None:
        self._options = options
        self._home = options.home.expanduser().resolve()
        self._documents = self._home / "images"
        self._backend = self._home / "stack" / "backend"

    def run(self) -> Iterator[tuple[str, Measured]]:
        """Name and outcome of each, as soon as it is there."""
        by_name: dict[str, Callable[[], Iterator[tuple[str, Measured]]]] = {
            "embedding": self._embedding,
            "retrain": self._retrain,
            "rerank": self._rerank,
            "start": self._start,
            "predict": self._predict,
            "webhook": self._webhook,
            "cycle": self._cycle,
            "predictions": self._predictions,
            "warm-start": partial(self._trained, "warm start", warm_start.run),
            "few-labels": partial(self._trained, "few labels", few_labels.run),
        }
        for name in self._options.chosen:
            yield from by_name[name]()

    @cached_property
    def _images(self) -> ImageSet:
        path = self._options.caltech
        if path is None:
            return images.drawn(max(*self._options.tasks, SERVED_TASKS), self._documents / "drawn")
        return images.of_path(path, self._documents / path.name.split(".")[0])

    @cached_property
    def _backbone(self) -> Path:
        return exported(Origin(BACKBONE), self._backend).folder

    def _embedding(self) -> Iterator[tuple[str, Measured]]:
        yield "embedding", embedding.run(self._images.read(EMBEDDED_FILES), self._backbone)

    def _retrain(self) -> Iterator[tuple[str, Measured]]:
        source = self._images
        if source.real and len(source.names) >= RETRAIN_LABELS:
            kept = self._home / f"{source.folder.name}-{self._backbone.name}.npy"
            features = samples.embedded(source.read(len(source.names)), self._backbone, kept)
            classes = source.classes
            labels = samples.numbered(source.labels, classes)
        else:
            features, labels = samples.drawn(RETRAIN_LABELS + SERVED_TASKS, images.CLASSES)
            classes = [f"class {number:03d}" for number in range(images.CLASSES)]
        yield "retrain", retrain.run(features, labels, classes, RETRAIN_LABELS)

    def _rerank(self) -> Iterator[tuple[str, Measured]]:
        for count in (10_000, 100_000):
            yield f"rerank {count}", rerank.run(self._home / f"rerank-{count}", count)

    def _start(self) -> Iterator[tuple[str, Measured]]:
        yield "start", start.run(self._home / "start", self._backbone.parent)

    def _predict(self) -> Iterator[tuple[str, Measured]]:
        with stacks.running(self._home / "stack", self._documents) as stack:
            project = make(stack, self._images.part(SERVED_TASKS), SERVED_LABELS)
            yield "predict", predict.run(stack, project)

    def _webhook(self) -> Iterator[tuple[str, Measured]]:
        with stacks.running(self._home / "stack", self._documents) as stack:
            project = make(stack, self._images.part(SERVED_TASKS), SERVED_LABELS)
            yield "webhook", webhook.run(stack, project)

    def _cycle(self) -> Iterator[tuple[str, Measured]]:
        databases = [Database.SQLITE, *([Database.POSTGRESQL] if self._options.postgres else [])]
        for database in databases:
            for tasks in self._options.tasks:
                labels = min(self._options.labels, tasks // 2)
                name = f"{tasks:,} tasks, {labels} labels, {database}"
                with stacks.running(self._home / "stack", self._documents, database) as stack:
                    project = make(stack, self._images.part(tasks), labels)
                    yield f"cycle, {name}", cycle.run(stack, project, name, self._options.submits)

    def _predictions(self) -> Iterator[tuple[str, Measured]]:
        with stacks.running(self._home / "stack", self._documents) as stack:
            project = make(stack, self._images.part(SERVED_TASKS), FIRST_LABELS)
            yield "predictions", predictions.run(stack, project, STEADY_LABELS, LABELS_PER_SECOND)

    def _trained(self, name: str, measure: Callable[[Path, Path], Measured]) -> Iterator[tuple[str, Measured]]:
        assert self._options.caltech is not None  # noqa: S101 - the command line has seen to it
        yield name, measure(self._options.caltech, self._home / "pixels")


def _write(outcomes: dict[str, Measured], about: dict[str, object], options: BenchmarkOptions) -> None:
    if options.out is not None:
        report.write_json(outcomes, about, options.out)
    if options.markdown is not None:
        options.markdown.parent.mkdir(parents=True, exist_ok=True)
        options.markdown.write_text(report.markdown(outcomes, about))
