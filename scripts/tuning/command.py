"""`./scripts/tune`: make the trials that are missing, judge the best setting, write the report."""

import signal
import sys
from collections.abc import Sequence

from optuna.study import Study

from model.errors import ModelError
from model.training.recipe import write_recipe
from scripts.comparison.errors import ComparisonError
from scripts.comparison.images import Library
from scripts.datasets import DataError
from scripts.files import shown, write
from scripts.interrupts import ctrl_c
from scripts.sources import find
from scripts.tuning import report, workers
from scripts.tuning.bench import Bench
from scripts.tuning.errors import Interrupted, TuningError
from scripts.tuning.judging import judge
from scripts.tuning.options import Options, parse
from scripts.tuning.page import page
from scripts.tuning.result import Result, best_trial, made, settings
from scripts.tuning.start import Start
from scripts.tuning.storage import UNUSABLE, unusable
from scripts.tuning.workers import Job

INTERRUPTED = 130
BEST = "best.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Search; returns 0, 2 where data, options or the storage don't allow it, 130 after Ctrl-C."""
    options = parse(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _run(options)
    except (TuningError, ComparisonError, DataError, ModelError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, Interrupted):
        print("\nStopped. Finished trials are kept: the same command goes on with what is missing.", file=sys.stderr)
        return INTERRUPTED


def _run(options: Options) -> int:
    job = _job(options)
    study, bench = job.open()
    workers.run(job, study, bench, options.workers)
    try:
        result = _result(options, job, study, bench)
        publish(result, study, options)
    except UNUSABLE as problem:
        raise unusable(job.storage, problem) from problem
    for table in (report.setting(result), report.accuracies(result)):
        if table.rows:
            print(f"\n{table.text()}")
    print(
        f"\n{result.verdict()}\n\nSee {shown(options.out / 'tuning.html')}; {shown(options.out / BEST)} is the setting."
    )
    return 0


def _job(options: Options) -> Job:
    """What is to be searched; all names first, before anything is waited for."""
    start = Start.of(options.model, options.epochs, options.seed)
    found = find(options.data, options.token, options.cache / "downloads")
    library = Library(found, options.images, options.seed, options.cache)
    options.out.mkdir(parents=True, exist_ok=True)
    return Job(
        data=found.name,
        folder=library.decoded(start.sides[-1]),
        start=start,
        storage=options.storage or f"sqlite:///{options.out.resolve() / 'study.sqlite3'}",
        study=options.study or options.model,
        total=options.trials,
    )


def _result(options: Options, job: Job, study: Study, bench: Bench) -> Result:
    """The best of the trials, judged beside the defaults."""
    trials = made(study, bench)
    best, default = best_trial(trials), job.start.recipe
    networks = options.out / "networks"
    with ctrl_c() as pressed:
        defaults = judge("defaults", default, bench, options.repeats, networks, pressed)
        winner = None if best.is_default else judge("best", best.recipe, bench, options.repeats, networks, pressed)
    about = {"study": job.study, "epochs": default.options.epochs, "seed": options.seed, "repeats": options.repeats}
    return Result(tuple(trials), best, defaults, winner, settings(about, bench, trials))


def publish(result: Result, study: Study, options: Options) -> None:
    """Write the report's files, and the best setting for the next training."""
    write(options.out / "trials.csv", report.as_csv(result.trials))
    write(options.out / "tuning.html", page(result, study))
    write_recipe(options.out / BEST, result.best.recipe, result.about())
