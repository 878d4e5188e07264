"""Requests for long work, which a job does: how their bodies are read, and how they are accepted."""

from collections.abc import Mapping
from typing import Any, TypeVar

from flask import Response, jsonify
from pydantic import BaseModel, ConfigDict

from backend.web import payloads


class WorkRequest(BaseModel):
    """The body of a request: an `action`, and what it needs. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


AnyRequest = TypeVar("AnyRequest", bound=WorkRequest)


def read(kind: type[AnyRequest], body: Any) -> AnyRequest:
    """Read a request.

    Raises:
        RequestError: something is missing, unknown or of another type.
    """
    return payloads.validated(kind, body, "A request")


def accepted(status: Mapping[str, Any]) -> Response:
    """202, with the status so far: a job does the rest."""
    answer = jsonify(status)
    answer.status_code = 202
    return answer
