"""Beginning, ending and taking back a fine-tuning: by a person, by Label Studio's button, or by a policy."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from backend import logs
from backend.queue.jobs import JobKind
from backend.services import ProjectContext
from backend.settings import Settings
from backend.store.records.finetuning import OPEN, FinetuneRequest, Finetuning

log = logs.get()


def refusal(states: Sequence[Finetuning]) -> str | None:
    """Why no fine-tuning can begin, in a sentence; None where one can.

    Args:
        states: of the project, oldest first.
    """
    if states and states[-1].phase in OPEN:
        return f"A fine-tuning is under way already ({states[-1].phase}): wait for it, or --cancel it."
    return None


def begin(context: ProjectContext, request: FinetuneRequest) -> Finetuning:
    """Have a fine-tuning made. Where Redis does not answer, the reconciler finds the request."""
    project, services = context.project, context.services
    labels = services.mirror.labels(project)
    state = services.finetunings.begin(project, request, services.backbones.base.version, labels)
    log.info("fine-tuning requested", project=project.id, trigger=request.trigger)
    services.queue.enqueue_requested(JobKind.FINETUNE, project)
    return state


def cancel(context: ProjectContext) -> str | None:
    """End the fine-tuning that is under way; why that can't be, where it can't."""
    finetunings = context.services.finetunings
    state = finetunings.open(context.project)
    if state is None:
        return "No fine-tuning is under way that could be cancelled."
    finetunings.cancel(context.project, state)
    return None


def undo(context: ProjectContext) -> str | None:
    """Go back to the previous backbone; why that can't be, where it can't."""
    project, services = context.project, context.services
    if services.finetunings.open(project) is not None:
        return "A fine-tuning is under way: wait for it, or --cancel it first."
    adopted = services.finetunings.all_adopted(project, services.backbones.base.version)
    if not adopted:
        return "The project uses the backbone that BACKBONE names: there is no previous one."
    services.finetunings.undo(project, adopted[-1])
    services.queue.hint(project)
    return None


def is_due(states: Sequence[Finetuning], labels: int, settings: Settings, now: datetime) -> bool:
    """Whether the policy wants a fine-tuning, given that there is a GPU to do it.

    Args:
        states: of the project, oldest first.
        labels: of the project.
        settings: the policy.
        now: the time.
    """
    if settings.finetune == "never" or labels < settings.finetune_labels or refusal(states) is not None:
        return False
    if not states:
        return True
    last = states[-1]
    if settings.finetune == "doubled":
        return labels >= 2 * last.labels
    ended_at = datetime.fromisoformat(last.ended_at).astimezone(UTC)
    return labels > last.labels and now - ended_at >= timedelta(hours=settings.finetune_hours)
