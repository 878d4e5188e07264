"""Routes of fine-tuning: what was ordered, and how far it is. The work itself is a job's."""

from dataclasses import asdict
from enum import StrEnum
from typing import Any

from flask import Blueprint, Response, jsonify, request
from pydantic import BaseModel, ConfigDict, ValidationError
from werkzeug.exceptions import Conflict, NotFound

from backend import finetune_orders
from backend.errors import RequestError
from backend.project import Project
from backend.services import Services
from backend.store.finetunings import OPEN, Wish

NONE = "none"
"""Phase of a project that has no fine-tuning."""


class Action(StrEnum):
    """What a person can order."""

    START = "start"
    CANCEL = "cancel"
    UNDO = "undo"


class Ordered(BaseModel):
    """The body of an order. Whether network and options can be used is for the job to say."""

    model_config = ConfigDict(extra="forbid")
    action: Action
    network: str = ""
    fresh: bool = False
    options: dict[str, Any] = {}


def blueprint(services: Services) -> Blueprint:
    """The routes below a project."""
    routes = FinetuneRoutes(services)
    made = Blueprint("finetune", __name__, url_prefix="/api/projects/<int:number>/finetune")
    made.add_url_rule("", view_func=routes.status)
    made.add_url_rule("", view_func=routes.order, methods=["POST"])
    return made


class FinetuneRoutes:
    """What `./scripts/finetune` calls."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def status(self, number: int) -> Response:
        """How far the project's newest fine-tuning is, and which backbone the project uses."""
        return jsonify(self._status(self._project(number)))

    def order(self, number: int) -> Response:
        """Have something done; 409 with the reason where it can't be."""
        project = self._project(number)
        asked = _read(request.get_json(silent=True))
        reason = self._carry_out(project, asked)
        if reason is not None:
            raise Conflict(reason)
        answer = jsonify(self._status(project))
        answer.status_code = 202
        return answer

    def _carry_out(self, project: Project, asked: Ordered) -> str | None:
        if asked.action is Action.CANCEL:
            return finetune_orders.cancel(project, self._services)
        if asked.action is Action.UNDO:
            return finetune_orders.undo(project, self._services)
        reason = finetune_orders.refusal(self._services.finetunings.all(project))
        if reason is None:
            finetune_orders.begin(project, self._services, Wish(asked.network, asked.fresh, asked.options))
        return reason

    def _project(self, number: int) -> Project:
        project = self._services.project(number)
        if self._services.mirror.project(project) is None:
            raise NotFound(f"This backend knows no project {number}: connect it with ./scripts/connect first.")
        return project

    def _status(self, project: Project) -> dict[str, Any]:
        services = self._services
        newest = services.finetunings.newest(project)
        used = services.backbone_of(project).version
        training_workers = services.queue.training_workers()
        if newest is None:
            message = "The project's backbone was never fine-tuned."
            shown: dict[str, Any] = {"phase": NONE, "working": False, "message": message}
        else:
            cancelling = newest.phase in OPEN and services.finetunings.is_cancelled(project, newest)
            shown = {**asdict(newest), "working": newest.phase in OPEN, "cancelling": cancelling}
        return {**shown, "used": used, "training_workers": training_workers}


def _read(body: Any) -> Ordered:
    """Read an order.

    Raises:
        RequestError: an unknown action, or a field of another type.
    """
    try:
        return Ordered.model_validate(body)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"]) or "body"
        raise RequestError(f"An order is malformed at {where}: {problem['msg']}.") from error
