"""Whether a project is gone. Only Label Studio itself can say so, and its absence must last."""

from backend.errors import MissingProjectError, NotFoundError, RetryLaterError
from backend.services import ProjectContext
from backend.store import absence


def confirm(context: ProjectContext) -> None:
    """Ask Label Studio after it answered 404; return when the project is gone for good, or was never known here.

    Raises:
        MissingProjectError: it has said so for too short a time.
        RetryLaterError: it has the project, or does not answer as Label Studio does.
    """
    project, services = context.project, context.services
    services.label_studio.version()
    try:
        services.label_studio.project(project.id)
    except NotFoundError as error:
        if not absence.lasts(services.mirror, project):
            raise MissingProjectError(
                f"Label Studio says that it has no project {project.id}. All is kept; it is forgotten when Label "
                "Studio still says so in some minutes."
            ) from error
    else:
        raise RetryLaterError(f"Label Studio had no project {project.id} a moment ago, and has it again.")
