"""Whether a project is gone. Only Label Studio itself can say so, and it must say so twice, minutes apart.

A proxy's page, a restart, a wrong address or a restored backup answer 404 for a while, too: until then everything is
kept, and asked for again.
"""

from datetime import UTC, datetime, timedelta

from backend.errors import MissingProjectError, NotFoundError, RetryLaterError
from backend.services import ProjectContext

APART = timedelta(minutes=2)
"""Between the first time that Label Studio says so and the last, with no other word about the project meanwhile."""


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
        mirrored = services.mirror.project(project)
        if mirrored is None:
            return
        services.mirror.record_missing(project)
        since = mirrored.missing_since
        if since is None or datetime.now(UTC) - since < APART:
            raise MissingProjectError(
                f"Label Studio says that it has no project {project.id}. All is kept; it is forgotten when Label "
                "Studio still says so in some minutes."
            ) from error
    else:
        raise RetryLaterError(f"Label Studio had no project {project.id} a moment ago, and has it again.")
