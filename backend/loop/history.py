"""What the project's history keeps of a version, and what is read back from it."""

from backend.store.records.version import Rejection, VersionFigures
from backend.store.versions import Version
from model.insight.inputs import LEAST_HOLDOUT_LABELS


def figures(version: Version, active: Version | None) -> VersionFigures:
    """What is kept of a version that was just made.

    Args:
        version: just made.
        active: the version that was active then, if any.
    """
    record = version.record
    measured, verdict, rejection = record.evaluation, record.promotion, None
    if active is not None and verdict is not None and verdict.blocked:
        rejection = Rejection(origin=active.origin, reason=verdict.text)
    enough = measured is not None and measured.n >= LEAST_HOLDOUT_LABELS
    return VersionFigures(
        labels=len(record.labels),
        holdout_labels=0 if measured is None else measured.n,
        accuracy=measured.accuracy if measured is not None and enough else None,
        rejection=rejection,
    )


def was_rejected_for(active: Version, kept: VersionFigures) -> bool:
    """Whether a version of the history was rejected in favour of the active one's head.

    Args:
        active: the active version.
        kept: `figures` of that version.
    """
    return kept.rejection is not None and kept.rejection.origin == active.origin
