"""Orders: what a person asks a job to do; how their bodies are read, and how they are accepted."""

from collections.abc import Mapping
from typing import Any, TypeVar

from flask import Response, jsonify
from pydantic import BaseModel, ConfigDict

from backend.web import payloads


class Order(BaseModel):
    """The body of an order: an `action`, and what it needs. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


AnyOrder = TypeVar("AnyOrder", bound=Order)


def read(kind: type[AnyOrder], body: Any) -> AnyOrder:
    """Read an order.

    Raises:
        RequestError: something is missing, unknown or of another type.
    """
    return payloads.validated(kind, body, "An order")


def accepted(status: Mapping[str, Any]) -> Response:
    """202, with the status so far: a job does the rest."""
    answer = jsonify(status)
    answer.status_code = 202
    return answer
