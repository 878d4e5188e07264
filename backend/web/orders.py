"""Orders: what a person asks a job to do; how their bodies are read, and how they are accepted."""

from collections.abc import Mapping
from typing import Any, TypeVar

from flask import Response, jsonify
from pydantic import BaseModel, ConfigDict, ValidationError

from backend.errors import RequestError


class Order(BaseModel):
    """The body of an order: an `action`, and what it needs. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


AnyOrder = TypeVar("AnyOrder", bound=Order)


def read(kind: type[AnyOrder], body: Any) -> AnyOrder:
    """Read an order.

    Raises:
        RequestError: something is missing, unknown or of another type.
    """
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"]) or "body"
        raise RequestError(f"An order is malformed at {where}: {problem['msg']}.") from error


def accepted(status: Mapping[str, Any]) -> Response:
    """202, with the status so far: a job does the rest."""
    answer = jsonify(status)
    answer.status_code = 202
    return answer
