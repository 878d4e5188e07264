"""Makes a project's next version, if there is reason to: train, evaluate, promote, rank."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backend import __version__
from backend.loop import evaluate, predictions, promote, rank, train
from backend.loop.stopwatch import Stopwatch
from backend.settings import Settings
from backend.store.dataset import Dataset
from backend.store.versions import Version, new_name
from model.head.head import Head
from model.insight.inputs import LEAST_HOLDOUT_LABELS
from model.insight.promotion import PromotionVerdict


@dataclass(frozen=True, eq=False)
class TrainedHead:
    """A head, and what is known of it.

    Attributes:
        head: None before two classes have a label.
        origin: the version that it was trained for.
        labels: as the record of a version keeps them.
        evaluation: JSON; None while no holdout label counts.
        out_of_fold: task and class of each counted holdout label, predicted by a head that never saw it.
        verdict: how it compares with the active version; None where it can't be compared, or is the same head.
    """

    head: Head | None
    origin: str
    labels: list[list[Any]]
    evaluation: dict[str, Any] | None
    out_of_fold: list[list[Any]]
    verdict: PromotionVerdict | None = None


class Making:
    """What a run makes of a project's data, given the active version.

    Attributes:
        changed: tasks whose label is new, another one, or gone since the active version.
    """

    def __init__(
        self,
        data: Dataset,
        active: Version | None,
        rejected: Version | None,
        settings: Settings,
        stopwatch: Stopwatch,
    ) -> None:
        """Compare the data with the active version.

        Args:
            rejected: the last version that was rejected in favour of the active one's head, if any.
        """
        self._data, self._active, self._settings, self._stopwatch = data, active, settings, stopwatch
        self._made_with = made_with(data, settings)
        self.changed = set(data.labels) if active is None else _changed(data, active.record["labels"])
        # These very labels made a version that was rejected: only another label is reason to train again.
        self._tried = (
            rejected is not None
            and rejected.record["settings"] == self._made_with
            and not _changed(data, rejected.record["labels"])
        )

    @property
    def wanted(self) -> bool:
        """Whether the active version is out of date."""
        if self._active is None:
            return True
        enough = len(self.changed) >= self._settings.min_new_annotations
        if not self._tried and (enough or self._active.record["settings"] != self._made_with):
            return True
        if self._active.record.get("audit", []) != list(self._data.audited):
            return True
        # A task whose image could not be read then, but can be now, has no place in the version's queue yet.
        placed = set(self._active.task_ids[self._active.scores < predictions.LAST].tolist())
        listed = set(self._active.task_ids.tolist())
        pool = self._data.task_ids[self._data.pool].tolist()
        return not (placed.issuperset(pool) and listed.issuperset(self._data.unreadable))

    def make(self) -> Version:
        """A version of the data as it is: with the active version's head, unless there is reason to train."""
        name = new_name()
        active = self._active
        same = active is not None and not self.changed and active.record["settings"] == self._made_with
        trained = _trained_before(active) if active is not None and (same or self._tried) else self._train(name)
        with self._stopwatch.stage("rank"):
            queue, strategy = rank.run(self._data, trained.head, self._settings)
        record = {
            "labels": trained.labels,
            "settings": self._made_with,
            "strategy": strategy,
            "evaluation": trained.evaluation,
            "out_of_fold": trained.out_of_fold,
            "origin": trained.origin,
            "promotion": None if trained.verdict is None else trained.verdict.to_json(),
            "audit": list(self._data.audited),
            "seconds": {**self._stopwatch.done.by_name(), "images": self._stopwatch.done.images},
        }
        return Version(name, trained.head, queue.task_ids, queue.scores, record)

    def _train(self, name: str) -> TrainedHead:
        seed = self._settings.seed
        labels = [
            [label.task_id, label.choice, list(label.annotation_ids), label.updated_at.isoformat()]
            for label in self._data.labels.values()
        ]
        with self._stopwatch.stage("train"):
            head = train.run(self._data)
        if head is None:
            return TrainedHead(None, name, labels, None, [])
        with self._stopwatch.stage("evaluate"):
            evaluated = evaluate.run(self._data, head, seed)
        verdict = None
        if self._active is not None:
            verdict = promote.run(self._data, evaluated.predicted, self._active, self._made_with)
        return TrainedHead(
            head=evaluated.head,
            origin=name,
            labels=labels,
            evaluation=None if evaluated.evaluation is None else evaluated.evaluation.to_json(),
            out_of_fold=[[task, choice] for task, choice in evaluated.predicted.items()],
            verdict=verdict,
        )


def was_rejected_for(active: Version, kept: Mapping[str, Any] | None) -> bool:
    """Whether a version of the history was rejected in favour of the active one's head.

    Args:
        kept: `figures` of that version.
    """
    rejected = kept.get("kept_back") if kept is not None else None
    return rejected is not None and rejected["than"] == active.origin


def figures(version: Version, than: Version | None) -> dict[str, Any]:
    """What is kept of a version for the history: few numbers, for there may be thousands of versions.

    Args:
        than: the active version.
    """
    measured = version.record["evaluation"] or {"n": 0, "accuracy": None}
    rejected = None
    if than is not None and version.is_rejected:
        rejected = {"than": than.origin, "why": version.record["promotion"]["text"]}
    return {
        "labels": len(version.record["labels"]),
        "arm_labels": measured["n"],
        "accuracy": measured["accuracy"] if measured["n"] >= LEAST_HOLDOUT_LABELS else None,
        "kept_back": rejected,
    }


def made_with(data: Dataset, settings: Settings) -> dict[str, Any]:
    """What else a version depends on: when it changes, a new one is made from the same labels."""
    return {
        "code": __version__,
        "backbone": data.backbone,
        "classes": list(data.classes),
        "seed": settings.seed,
        "arm_share": settings.holdout_share,
        "strategy": settings.strategy,
        "near_duplicate": settings.near_duplicate,
    }


def _trained_before(active: Version) -> TrainedHead:
    record = active.record
    return TrainedHead(
        active.head, active.origin, record["labels"], record["evaluation"], list(record.get("out_of_fold", ()))
    )


def _changed(data: Dataset, labels: Iterable[Sequence[Any]]) -> set[int]:
    """Tasks whose label is new, another one, or gone since a version was made of `labels`."""
    before = {task: (choice, at) for task, choice, _, at in labels}
    now = {task: (label.choice, label.updated_at.isoformat()) for task, label in data.labels.items()}
    return {task for task in before.keys() | now.keys() if before.get(task) != now.get(task)}
