"""What may be ordered, and when."""

import pytest

from backend.autolabel import requests
from backend.store.autolabelings import Action, Autolabeling, Phase, Wish

WISH = Wish(max_error=0.02, confidence=0.95)


def states(*phases: Phase) -> list[Autolabeling]:
    """One after the other, oldest first."""
    return [Autolabeling(f"{number}", phase, WISH, "Said.") for number, phase in enumerate(phases)]


@pytest.mark.parametrize("action", [Action.JUDGE, Action.APPLY, Action.UNDO, Action.CANCEL])
def test_where_there_is_nothing_only_a_proposal_can_be_ordered(action: Action) -> None:
    assert requests.refusal(action, []) is not None
    assert requests.refusal(Action.PROPOSE, []) is None


@pytest.mark.parametrize("phase", [Phase.AUDITING, Phase.READY, Phase.APPLYING, Phase.UNDOING])
def test_one_auto_labelling_is_under_way_at_a_time(phase: Phase) -> None:
    refusal = requests.refusal(Action.PROPOSE, states(phase))
    assert refusal is not None
    assert "2.00% with 95% confidence" in refusal


@pytest.mark.parametrize("phase", [Phase.APPLIED, Phase.UNDONE, Phase.REFUSED, Phase.CANCELLED])
def test_after_its_end_another_can_be_proposed(phase: Phase) -> None:
    assert requests.refusal(Action.PROPOSE, states(phase)) is None


def test_nothing_is_applied_before_its_audit_is_complete() -> None:
    refusal = requests.refusal(Action.APPLY, states(Phase.APPLIED, Phase.AUDITING))
    assert refusal is not None
    assert "audit is not complete" in refusal


@pytest.mark.parametrize("phase", [Phase.READY, Phase.APPLYING])
def test_what_is_ready_or_was_stopped_can_be_applied(phase: Phase) -> None:
    assert requests.refusal(Action.APPLY, states(phase)) is None


def test_an_undo_means_the_newest_that_wrote_something() -> None:
    known = states(Phase.APPLIED, Phase.APPLIED, Phase.UNDONE, Phase.AUDITING)
    assert requests.meant(Action.UNDO, known) is known[1]


def test_what_is_being_written_can_be_taken_back_but_not_cancelled() -> None:
    assert requests.refusal(Action.UNDO, states(Phase.APPLYING)) is None
    assert requests.refusal(Action.CANCEL, states(Phase.APPLYING)) is not None
