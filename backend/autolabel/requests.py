"""What may be asked of a project's auto-labellings, of which of them, and how a command is kept."""

from collections.abc import Sequence

from backend.queue.jobs import JobKind
from backend.services import ProjectContext
from backend.store.records.autolabeling import OPEN, AutolabelAction, Autolabeling, AutolabelPhase, AutolabelRequest

_MEANT: dict[AutolabelAction, tuple[AutolabelPhase, ...]] = {
    AutolabelAction.JUDGE: (AutolabelPhase.AUDITING,),
    AutolabelAction.APPLY: (AutolabelPhase.READY, AutolabelPhase.APPLYING),
    AutolabelAction.UNDO: (AutolabelPhase.APPLYING, AutolabelPhase.APPLIED, AutolabelPhase.UNDOING),
    AutolabelAction.CANCEL: (AutolabelPhase.AUDITING, AutolabelPhase.READY),
}

_NOT_YET = {
    AutolabelAction.JUDGE: "No audit is under way: propose a set first, with --max-error or --threshold.",
    AutolabelAction.APPLY: "Nothing is ready to be applied: propose a set first, with --max-error or --threshold.",
    AutolabelAction.UNDO: "Nothing was labelled automatically that could be taken back.",
    AutolabelAction.CANCEL: "Nothing is proposed that could be cancelled.",
}


def meant(action: AutolabelAction, states: Sequence[Autolabeling]) -> Autolabeling | None:
    """The auto-labelling that a command is about: the newest that is in the right phase.

    Args:
        action: that is asked for.
        states: of the project, oldest first.
    """
    return next((each for each in reversed(states) if each.phase in _MEANT.get(action, ())), None)


def refusal(action: AutolabelAction, states: Sequence[Autolabeling]) -> str | None:
    """Why a command can't be carried out, in a sentence; None where it can.

    Args:
        action: that is asked for.
        states: of the project, oldest first.
    """
    under_way = next((each for each in reversed(states) if each.phase in OPEN), None)
    if action is AutolabelAction.PROPOSE:
        if under_way is None:
            return None
        end = "--apply or --cancel it" if under_way.phase is AutolabelPhase.READY else "finish or --cancel it"
        if under_way.phase in (AutolabelPhase.APPLYING, AutolabelPhase.UNDOING):
            end = "wait until it is done"
        return f"An auto-labelling is {under_way.phase} already ({under_way.request}): {end} first."
    if action is AutolabelAction.APPLY and under_way is not None and under_way.phase is AutolabelPhase.AUDITING:
        return f"The audit is not complete, so nothing is proved and nothing is applied. {under_way.message}"
    return None if meant(action, states) is not None else _NOT_YET[action]


def place(context: ProjectContext, action: AutolabelAction, request: AutolabelRequest) -> str | None:
    """Keep a command for the job, and queue the job; why that can't be, where it can't.

    Where Redis does not answer, the reconciler finds the command.
    """
    project, services = context.project, context.services
    reason = refusal(action, services.autolabelings.all(project))
    if reason is None:
        services.autolabelings.add_command(project, action, request)
        services.queue.enqueue_requested(JobKind.AUTOLABEL, project)
    return reason
