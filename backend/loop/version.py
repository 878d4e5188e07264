"""Makes a version of a project: its head, how good that is, and the queue."""

from dataclasses import dataclass

from backend import __version__, logs
from backend.loop import evaluate, foreign, promote, rank, train
from backend.loop.stopwatch import Stopwatch
from backend.settings import Settings
from backend.store.dataset import Dataset
from backend.store.names import new_name
from backend.store.records.version import RecordedLabel, RecordedSettings, VersionRecord
from backend.store.versions import Version
from model.head.evaluation import Evaluation
from model.head.head import Head
from model.insight.results import PromotionVerdict

log = logs.get()


@dataclass(frozen=True, eq=False)
class TrainedHead:
    """A head and what is known of it; see `VersionRecord`.

    Attributes:
        head: None before two classes have a label.
        verdict: how it compares with the active version's; None where it can't be compared, or is the same head.
        foreign: how it compares with other models' predictions; None where there are none.
    """

    head: Head | None
    origin: str
    labels: tuple[RecordedLabel, ...]
    evaluation: Evaluation | None = None
    out_of_fold: tuple[tuple[int, str], ...] = ()
    verdict: PromotionVerdict | None = None
    foreign: PromotionVerdict | None = None


def recorded_settings(settings: Settings, data: Dataset) -> RecordedSettings:
    """What a version of this data depends on besides labels and images."""
    return RecordedSettings(
        code=__version__,
        backbone=data.backbone,
        classes=tuple(data.classes),
        seed=settings.seed,
        holdout_share=settings.holdout_share,
        strategy=settings.strategy,
        near_duplicate=settings.near_duplicate,
        foreign="" if data.foreign is None else data.foreign.name,
    )


def make_version(
    data: Dataset, active: Version | None, settings: Settings, stopwatch: Stopwatch, *, fresh: bool
) -> Version:
    """Make a version of a project as it is.

    Args:
        data: the project.
        active: its active version, if any.
        settings: of the backend.
        stopwatch: times the stages.
        fresh: train a head, instead of taking over the active version's.
    """
    name, depends_on = new_name(), recorded_settings(settings, data)
    trained = _train(name, data, active, depends_on, stopwatch) if active is None or fresh else _taken_over(active)
    with stopwatch.stage("rank"):
        leads = trained.foreign is not None and trained.foreign.blocked
        queue, strategy = rank.run(data, trained.head, settings, foreign_leads=leads)
    record = VersionRecord(
        labels=trained.labels,
        settings=depends_on,
        strategy=strategy,
        evaluation=trained.evaluation,
        out_of_fold=trained.out_of_fold,
        origin=trained.origin,
        promotion=trained.verdict,
        audit=data.audited,
        foreign=trained.foreign,
        seconds={**stopwatch.done.by_name(), "images": stopwatch.done.images},
    )
    return Version(name, trained.head, queue.task_ids, queue.scores, record)


def _train(
    name: str, data: Dataset, active: Version | None, depends_on: RecordedSettings, stopwatch: Stopwatch
) -> TrainedHead:
    labels = tuple(RecordedLabel.of(label) for label in data.labels.values())
    same = active is not None and active.record.settings.foreign == depends_on.foreign
    before = active.record.foreign if active is not None and same else None
    with stopwatch.stage("train"):
        head = train.run(data)
    if head is None:
        return TrainedHead(None, name, labels, foreign=foreign.run(data, None, before, depends_on.seed))
    with stopwatch.stage("evaluate"):
        evaluated = evaluate.run(data, head, depends_on.seed)
        compared = foreign.run(data, head, before, depends_on.seed)
    if compared is not None:
        log.info("compared with foreign predictions", verdict=compared.text)
    return TrainedHead(
        head=evaluated.head,
        origin=name,
        labels=labels,
        evaluation=evaluated.evaluation,
        out_of_fold=tuple(evaluated.predicted.items()),
        verdict=None if active is None else promote.run(data, evaluated.predicted, active, depends_on),
        foreign=compared,
    )


def _taken_over(active: Version) -> TrainedHead:
    record = active.record
    return TrainedHead(
        active.head, active.origin, record.labels, record.evaluation, record.out_of_fold, foreign=record.foreign
    )
