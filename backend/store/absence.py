"""Whether a project is gone, or another one. Label Studio must say so twice, minutes apart: until then all is kept.

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


def is_another(created_at: str, other: str) -> bool:
    """Whether a number stands for another project than it did, by when both were created.

    Args:
        created_at: as Label Studio spelled it once.
        other: as it spells it now.

    Returns:
        False where one of them can't be read.
    """
    try:
        moments = [datetime.fromisoformat(each) for each in (created_at, other)]
    except ValueError:
        return False
    one, another = (each if each.tzinfo else each.replace(tzinfo=UTC) for each in moments)
    return abs(one - another) >= timedelta(seconds=1)
