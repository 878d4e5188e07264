"""Whether a project's absence lasts. Label Studio must say so twice, minutes apart: until then everything is kept.

A proxy's page, a restart, a wrong address or a restored backup take a project away for a while, too.
"""

from datetime import UTC, datetime, timedelta

from backend.project import Project
from backend.store.mirror import Mirror

APART = timedelta(minutes=2)
"""Between the first time that Label Studio says so and the last, with no other word about the project meanwhile."""


def lasts(mirror: Mirror, project: Project) -> bool:
    """Note that Label Studio says that it has no such project; whether it has said so for long enough."""
    mirrored = mirror.project(project)
    if mirrored is None:
        return True
    mirror.record_missing(project)
    return mirrored.missing_since is not None and datetime.now(UTC) - mirrored.missing_since >= APART
