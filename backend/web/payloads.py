"""The bodies that Label Studio sends, as far as they are used.

`hostname` and `access_token` of a setup request are never read: address and token come from our settings.
"""

import re
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from backend.errors import RequestError
from backend.project import is_id

Body = TypeVar("Body", bound=BaseModel)

MOST_TASKS = 100_000
"""Of one request: Label Studio sends all that somebody selected."""

_NUMBER = re.compile(r"\s*(\d{1,10})(?:\..*)?\s*", re.DOTALL)


def project_number(value: Any) -> int | None:
    """The id in Label Studio's "{id}.{created}"; None where there is no number."""
    found = _NUMBER.fullmatch(value) if isinstance(value, str) else None
    number = int(found[1]) if found else value
    return number if is_id(number) else None


ProjectNumber = Annotated[int | None, BeforeValidator(project_number)]
LabelConfig = Annotated[str, BeforeValidator(lambda value: value if isinstance(value, str) else "")]


class SetupRequest(BaseModel):
    """A setup request. It must never fail: whatever is missing or odd is taken as absent."""

    model_config = ConfigDict(extra="ignore")
    project: ProjectNumber = None
    label_config: LabelConfig = ""


class PredictRequest(BaseModel):
    """A predict request."""

    model_config = ConfigDict(extra="ignore")
    tasks: Annotated[list[dict[str, Any]], Field(max_length=MOST_TASKS)]
    project: ProjectNumber = None
    label_config: LabelConfig = ""


def validated(kind: type[Body], body: Any, name: str) -> Body:
    """A body of some kind.

    Args:
        kind: what it must be.
        body: JSON as it came.
        name: what a person calls it, for the error: "A request".

    Raises:
        RequestError: something is missing, unknown or of another type; the text names the first such thing.
    """
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"]) or "body"
        raise RequestError(f"{name} is malformed at {where}: {problem['msg']}.") from error


def read_predict(body: Any) -> PredictRequest:
    """Read a predict request.

    Raises:
        RequestError: not an object with a list of tasks.
    """
    return validated(PredictRequest, body, "A predict request")


def read_setup(body: Any) -> SetupRequest:
    """Read a setup request, whatever it holds."""
    fields = body if isinstance(body, dict) else {}
    return SetupRequest.model_validate({"project": fields.get("project"), "label_config": fields.get("schema")})
