"""What an event gives reason to look at. Pure: nothing is asked, nothing is done."""

from collections.abc import Mapping

from backend.label_studio import webhook
from backend.store.mirror import NOT_CONNECTED, MirroredProject


def projects_to_look_at(event: webhook.Event, known: Mapping[int, MirroredProject]) -> list[int]:
    """Numbers of the projects that may have changed: the event's own; all, where it does not say which.

    Args:
        event: what happened, or what we made happen ourselves: then there is nothing to look at.
        known: by Label Studio's number, the projects that were pulled.
    """
    if event.project_id is not None:
        return [] if _is_our_own_write(event, known.get(event.project_id)) else [event.project_id]
    if event.action == webhook.PROJECT_UPDATED:
        # Without payload it can't be told from our own writes; the next poll finds what somebody else changed.
        return []
    return [number for number, mirrored in known.items() if mirrored.problem != NOT_CONNECTED]


def _is_our_own_write(event: webhook.Event, known: MirroredProject | None) -> bool:
    """An automatic annotation, or a project's change that left the label config as our switch to a version does."""
    if event.automatic:
        return True
    return (
        event.action == webhook.PROJECT_UPDATED
        and known is not None
        and known.problem is None
        and known.active_version is not None
        and event.label_config == known.label_config
    )
