"""What in a Label Studio project is ours to change: told from what people chose, and from other ML backends'."""

from collections.abc import Collection, Sequence

from backend.label_studio.client import Connection
from backend.store.names import is_name
from backend.store.records.mirror import CHOSEN_BY_HAND, NOT_CONNECTED
from backend.store.versions import NO_VERSION


def is_ours(connection: Connection, versions: Collection[str]) -> bool:
    """Whether we are the ML backend behind a connection: it names a version of ours when Label Studio asks it.

    The connection's address does not tell: Label Studio may know us by one that we have never heard of. A version that
    has the form of ours counts, too, so that a mirror that was lost does not cost us the project.

    Args:
        connection: of the project.
        versions: names of all that we made for the project.
    """
    said = connection.model_version
    return said == NO_VERSION or said in versions or is_name(said)


def claim(chosen: str, connections: Sequence[Connection], versions: Collection[str]) -> tuple[bool, str | None]:
    """Whether a project wants a version of ours, and what keeps us from giving it one.

    Args:
        chosen: the project's `model_version`, which is none that we know of.
        connections: of the project.
        versions: names of all that we made for the project.

    Returns:
        Whether a version is wanted, and None; or False, and why nothing is to be written.
    """
    ours = [each.title for each in connections if is_ours(each, versions)]
    if not ours:
        return False, NOT_CONNECTED
    if chosen in ("", NO_VERSION, *ours) or is_name(chosen):
        return True, None
    return False, chosen_by_hand(chosen, ours[0])


def chosen_by_hand(chosen: str, title: str) -> str:
    """Why a project is left alone that shows another model's predictions.

    Args:
        chosen: its `model_version`.
        title: of our connection.
    """
    return (
        f"{CHOSEN_BY_HAND} {chosen!r}, which are not ours, so nothing is written to it. "
        f"Choose {title!r} under Settings > Annotation > Live predictions to have it ordered again."
    )
