"""Head fits for MLflow: each version whose head was trained for it is a run there."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backend import logs
from backend.project import Project
from backend.queue.counters import Counters
from backend.store.records.version import VersionRecord
from backend.store.versions import Version
from backend.tracking.outbox import Outbox, Tracked, experiment
from model.head.evaluation import Estimate, Evaluation

MEASURED = ("accuracy", "top5", "log_loss", "ece")

log = logs.get()


def note(outbox: Outbox, project: Project, title: str, version: Version, head_file: Path) -> None:
    """Have a version tracked, unless it took over the active one's head. Costs a millisecond, and never raises.

    Args:
        outbox: for the item.
        project: of Label Studio.
        title: of the project.
        version: saved.
        head_file: where its head is.
    """
    if version.head is None or version.origin != version.name:
        return
    try:
        outbox.note(_tracked(project, title, version, head_file))
    except Exception as error:
        log.warning("not tracked", version=version.name, reason=repr(error))


def _tracked(project: Project, title: str, version: Version, head_file: Path) -> Tracked:
    record, settings = version.record, version.record.settings
    seconds = Counters.read(record.seconds).seconds
    ended = datetime.now(UTC)
    fitting = sum(seconds.get(stage, 0.0) for stage in ("train", "evaluate"))
    return Tracked(
        experiment=experiment(project, title),
        name=version.name,
        kind="head",
        started=ended - timedelta(seconds=fitting),
        ended=ended,
        settings={**settings.to_json(), "classes": len(settings.classes), "ranked_by": record.strategy},
        metrics={
            "labels": len(record.labels),
            **_measured(record.evaluation),
            **{name.replace(":", "/"): value for name, value in record.seconds.items()},
        },
        confusion=_confusion(record),
        tags={
            "version": version.name,
            "project": str(project.id),
            "label_studio": project.url,
            "backbone": settings.backbone,
            "code": settings.code,
            "kept_back": "yes" if version.is_rejected else "no",
        },
        artefacts=[head_file],
    )


def _measured(evaluation: Evaluation | None) -> dict[str, float]:
    """What the holdout says, with its intervals."""
    if evaluation is None:
        return {"arm_labels": 0}
    figures: dict[str, float] = {"arm_labels": evaluation.n}
    for name in MEASURED:
        estimate: Estimate | None = getattr(evaluation, name)
        if estimate is not None:
            figures |= {name: estimate.value, f"{name}/low": estimate.low, f"{name}/high": estimate.high}
    return figures


def _confusion(record: VersionRecord) -> Mapping[tuple[str, str], int]:
    """How often each label of the holdout was predicted as what, by heads that never saw it."""
    labels = {label.task: label.choice for label in record.labels}
    return Counter((labels[task], predicted) for task, predicted in record.out_of_fold)
