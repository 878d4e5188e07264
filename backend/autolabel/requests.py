"""What may be ordered of a project's auto-labellings, and of which of them."""

from collections.abc import Sequence

from backend.store.autolabelings import OPEN, Action, Autolabeling, Phase

_MEANT: dict[Action, tuple[Phase, ...]] = {
    Action.JUDGE: (Phase.AUDITING,),
    Action.APPLY: (Phase.READY, Phase.APPLYING),
    Action.UNDO: (Phase.APPLYING, Phase.APPLIED, Phase.UNDOING),
    Action.CANCEL: (Phase.AUDITING, Phase.READY),
}

_NOT_YET = {
    Action.JUDGE: "No audit is under way: propose a set first, with --max-error or --threshold.",
    Action.APPLY: "Nothing is ready to be applied: propose a set first, with --max-error or --threshold.",
    Action.UNDO: "Nothing was labelled automatically that could be taken back.",
    Action.CANCEL: "Nothing is proposed that could be cancelled.",
}


def meant(action: Action, states: Sequence[Autolabeling]) -> Autolabeling | None:
    """The auto-labelling that an order is about: the newest that is in the right phase.

    Args:
        states: of the project, oldest first.
    """
    return next((each for each in reversed(states) if each.phase in _MEANT.get(action, ())), None)


def refusal(action: Action, states: Sequence[Autolabeling]) -> str | None:
    """Why an order can't be carried out, in a sentence; None where it can.

    Args:
        states: of the project, oldest first.
    """
    under_way = next((each for each in reversed(states) if each.phase in OPEN), None)
    if action is Action.PROPOSE:
        if under_way is None:
            return None
        end = "--apply or --cancel it" if under_way.phase is Phase.READY else "finish or --cancel it"
        if under_way.phase in (Phase.APPLYING, Phase.UNDOING):
            end = "wait until it is done"
        return f"An auto-labelling is {under_way.phase} already ({under_way.wish}): {end} first."
    if action is Action.APPLY and under_way is not None and under_way.phase is Phase.AUDITING:
        return f"The audit is not complete, so nothing is proved and nothing is applied. {under_way.message}"
    return None if meant(action, states) is not None else _NOT_YET[action]
