"""When the backend's versions were whole and when they became active, by the mirror's own clock."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from backend.store.schema import ProjectRow, VersionRow


@dataclass(frozen=True)
class Published:
    """A version that became active.

    Attributes:
        name: Label Studio's `model_version`.
        saved_at: when it was whole on disk, just before its publication; seconds since 1970.
        active_at: when Label Studio had its head's predictions and had answered the switch.
    """

    name: str
    saved_at: float
    active_at: float


def published_between(mirror: Connection, project: int, begin: float, end: float) -> list[Published]:
    """Versions that became active in that time (seconds since 1970), oldest first."""
    begun, ended = (datetime.fromtimestamp(moment, UTC) for moment in (begin, end))
    query = (
        select(VersionRow.name, VersionRow.created_at, VersionRow.activated_at)
        .join(ProjectRow, ProjectRow.key == VersionRow.project_key)
        .where(ProjectRow.id == project, VersionRow.activated_at > begun, VersionRow.activated_at <= ended)
        .order_by(VersionRow.activated_at)
    )
    rows = mirror.execute(query).all()
    return [Published(row.name, row.created_at.timestamp(), row.activated_at.timestamp()) for row in rows]
