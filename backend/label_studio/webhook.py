"""What a webhook event says. An event is a hint: which project, and whether we caused it ourselves; no data is read."""

from dataclasses import dataclass
from typing import Any

from backend.errors import RequestError
from backend.label_studio import automatic
from backend.project import is_id

ANNOTATION_CREATED, PROJECT_UPDATED = "ANNOTATION_CREATED", "PROJECT_UPDATED"
START_TRAINING = "START_TRAINING"

ACTIONS = frozenset(
    {
        "TASKS_CREATED",
        "TASKS_DELETED",
        ANNOTATION_CREATED,
        "ANNOTATIONS_CREATED",
        "ANNOTATION_UPDATED",
        "ANNOTATIONS_DELETED",
        PROJECT_UPDATED,
        START_TRAINING,
    }
)
"""Events that Label Studio sends. An unknown one is taken as a hint too, but not counted by its name."""


MOST_DIGITS = 10
"""Of a project's number: more are none, and Python refuses to read thousands."""


@dataclass(frozen=True)
class Event:
    """An event.

    Attributes:
        action: Label Studio's name of it.
        project_id: the project it is about; None in events without payload, which do not say.
        label_config: the label config it carries, if it does.
        automatic: it tells of an annotation that we made ourselves.
    """

    action: str
    project_id: int | None
    label_config: str | None
    automatic: bool = False


def read(body: Any) -> Event:
    """Read an event, with or without payload.

    Raises:
        RequestError: no action, or a project that is none.
    """
    if not isinstance(body, dict):
        raise RequestError("A webhook event must be a JSON object.")
    action = body.get("action")
    if not isinstance(action, str) or not action:
        raise RequestError('A webhook event needs an "action".')
    if "project" not in body:
        # With the webhook's "send payload" off, Label Studio sends the action and nothing else.
        return Event(action, None, None)
    project = body["project"]
    details = project if isinstance(project, dict) else {"id": project}
    number = details.get("id")
    if isinstance(number, str) and number.isdecimal() and len(number) <= MOST_DIGITS:
        number = int(number)
    if not is_id(number):
        raise RequestError('A webhook event needs a "project" with its "id".')
    config = details.get("label_config")
    annotation = body.get("annotation")
    ours = action == ANNOTATION_CREATED and isinstance(annotation, dict) and automatic.was_just_made(annotation)
    return Event(action, number, config if isinstance(config, str) else None, ours)
