"""What may be asked for, and when."""

import pytest

from backend.autolabel import requests
from backend.store.records.autolabeling import AutolabelAction, Autolabeling, AutolabelPhase, AutolabelRequest

PROMISED = AutolabelRequest(max_error=0.02, confidence=0.95)


def states(*phases: AutolabelPhase) -> list[Autolabeling]:
    """One after the other, oldest first."""
    return [Autolabeling(f"{number}", phase, PROMISED, "Said.") for number, phase in enumerate(phases)]


@pytest.mark.parametrize(
    "action", [AutolabelAction.JUDGE, AutolabelAction.APPLY, AutolabelAction.UNDO, AutolabelAction.CANCEL]
)
def test_where_there_is_nothing_only_a_proposal_can_be_asked_for(action: AutolabelAction) -> None:
    assert requests.refusal(action, []) is not None
    assert requests.refusal(AutolabelAction.PROPOSE, []) is None


@pytest.mark.parametrize(
    "phase", [AutolabelPhase.AUDITING, AutolabelPhase.READY, AutolabelPhase.APPLYING, AutolabelPhase.UNDOING]
)
def test_one_auto_labelling_is_under_way_at_a_time(phase: AutolabelPhase) -> None:
    refusal = requests.refusal(AutolabelAction.PROPOSE, states(phase))
    assert refusal is not None
    assert "2.00% with 95% confidence" in refusal


@pytest.mark.parametrize(
    "phase", [AutolabelPhase.APPLIED, AutolabelPhase.UNDONE, AutolabelPhase.REFUSED, AutolabelPhase.CANCELLED]
)
def test_after_its_end_another_can_be_proposed(phase: AutolabelPhase) -> None:
    assert requests.refusal(AutolabelAction.PROPOSE, states(phase)) is None


def test_nothing_is_applied_before_its_audit_is_complete() -> None:
    refusal = requests.refusal(AutolabelAction.APPLY, states(AutolabelPhase.APPLIED, AutolabelPhase.AUDITING))
    assert refusal is not None
    assert "audit is not complete" in refusal


@pytest.mark.parametrize("phase", [AutolabelPhase.READY, AutolabelPhase.APPLYING])
def test_what_is_ready_or_was_stopped_can_be_applied(phase: AutolabelPhase) -> None:
    assert requests.refusal(AutolabelAction.APPLY, states(phase)) is None


def test_an_undo_means_the_newest_that_wrote_something() -> None:
    known = states(AutolabelPhase.APPLIED, AutolabelPhase.APPLIED, AutolabelPhase.UNDONE, AutolabelPhase.AUDITING)
    assert requests.meant(AutolabelAction.UNDO, known) is known[1]


def test_what_is_being_written_can_be_taken_back_but_not_cancelled() -> None:
    assert requests.refusal(AutolabelAction.UNDO, states(AutolabelPhase.APPLYING)) is None
    assert requests.refusal(AutolabelAction.CANCEL, states(AutolabelPhase.APPLYING)) is not None
