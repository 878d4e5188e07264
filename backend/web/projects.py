"""What the routes below a project share: who it is, and how an order is read and accepted."""

from typing import Any, TypeVar

from flask import Response, jsonify
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import NotFound

from backend.errors import RequestError
from backend.services import Services
from backend.store.mirror import MirroredProject

Order = TypeVar("Order", bound=BaseModel)


def known(services: Services, number: int) -> MirroredProject:
    """The project of that number; 404 where this backend never pulled it."""
    mirrored = services.mirror.project(services.project(number))
    if mirrored is None:
        raise NotFound(f"This backend knows no project {number}: connect it with ./scripts/connect first.")
    return mirrored


def read_order(kind: type[Order], body: Any) -> Order:
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


def accepted(status: dict[str, Any]) -> Response:
    """202, with how far it is: a job does the rest."""
    answer = jsonify(status)
    answer.status_code = 202
    return answer
