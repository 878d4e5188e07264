"""Routes of fine-tuning: what was ordered, and how far it is. The work itself is a job's."""

from dataclasses import asdict
from enum import StrEnum
from typing import Any

from flask import Blueprint, Response, jsonify, request
from pydantic import BaseModel, ConfigDict
from werkzeug.exceptions import Conflict

from backend.backbones import switch
from backend.finetune import requests
from backend.project import Project
from backend.services import Services
from backend.store.finetunings import OPEN, Wish
from backend.web.projects import accepted, known, read_order

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
        return jsonify(self._status(known(self._services, number).project))

    def order(self, number: int) -> Response:
        """Have something done; 409 with the reason where it can't be."""
        project = known(self._services, number).project
        asked = read_order(Ordered, request.get_json(silent=True))
        reason = self._carry_out(project, asked)
        if reason is not None:
            raise Conflict(reason)
        return accepted(self._status(project))

    def _carry_out(self, project: Project, asked: Ordered) -> str | None:
        if asked.action is Action.CANCEL:
            return requests.cancel(project, self._services)
        if asked.action is Action.UNDO:
            return requests.undo(project, self._services)
        reason = requests.refusal(self._services.finetunings.all(project))
        if reason is None:
            requests.begin(project, self._services, Wish(asked.network, asked.fresh, asked.options))
        return reason

    def _status(self, project: Project) -> dict[str, Any]:
        services = self._services
        newest = services.finetunings.newest(project)
        active, following = services.versions.active(project), services.backbone_of(project)
        used = switch.in_use(project, services, active, following).version
        training_workers = services.queue.training_workers()
        if newest is None:
            message = "The project's backbone was never fine-tuned."
            shown: dict[str, Any] = {"phase": NONE, "working": False, "message": message}
        else:
            cancelling = newest.phase in OPEN and services.finetunings.is_cancelled(project, newest)
            shown = {**asdict(newest), "working": newest.phase in OPEN, "cancelling": cancelling}
        return {**shown, "used": used, "training_workers": training_workers}
