"""What is kept of a version when its files are removed."""

from backend.loop.history import figures, was_rejected_for
from backend.store.records.version import Rejection
from backend.store.versions import Version
from tests.unit.backend.drawn import drawn
from tests.unit.backend.loop.conftest import HOLDOUT, LABELS, TASKS, Make


def test_a_rejected_version_is_remembered_with_the_reason(rejected: Version, active: Version) -> None:
    kept = figures(rejected, active)
    assert rejected.record.promotion is not None
    assert kept.rejection == Rejection(origin=active.name, reason=rejected.record.promotion.text)
    assert was_rejected_for(active, kept)
    assert not was_rejected_for(rejected, kept)


def test_figures_need_holdout_labels_enough(make: Make) -> None:
    few, enough = (figures(make(drawn(TASKS, LABELS, holdout)), None) for holdout in (5, HOLDOUT))
    assert (few.holdout_labels, few.accuracy) == (5, None)
    assert enough.labels == LABELS
    assert enough.accuracy is not None
    assert enough.accuracy.low < enough.accuracy.high
