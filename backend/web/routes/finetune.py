"""Routes of fine-tuning: what was requested, and how far it is. The work itself is a job's."""

from enum import StrEnum
from typing import Any

from flask import Blueprint, Response, jsonify
from pydantic import Field
from werkzeug.exceptions import Conflict

from backend.backbones import switch
from backend.finetune import requests
from backend.services import ProjectContext
from backend.store.records.finetuning import OPEN, FinetuneRequest
from backend.web.http import json_body
from backend.web.routes import current, work_requests

routes = Blueprint("finetune", __name__, url_prefix="/api/projects/<project:number>/finetune")

NONE = "none"
"""Phase of a project that has no fine-tuning."""


class FinetuneAction(StrEnum):
    """What a person can ask for."""

    START = "start"
    CANCEL = "cancel"
    UNDO = "undo"


class FinetuneWorkRequest(work_requests.WorkRequest):
    """A request. Whether network and options can be used is for the job to say."""

    action: FinetuneAction
    network: str = ""
    fresh: bool = False
    options: dict[str, Any] = Field(default_factory=dict)


@routes.get("")
def status(number: int) -> Response:
    """How far the project's newest fine-tuning is, and which backbone the project uses."""
    return jsonify(_status(current.context(number)))


@routes.post("")
def take_request(number: int) -> Response:
    """Have something done; 409 with the reason where it can't be."""
    context = current.context(number)
    reason = _carry_out(work_requests.read(FinetuneWorkRequest, json_body.read()), context)
    if reason is not None:
        raise Conflict(reason)
    return work_requests.accepted(_status(context))


def _carry_out(asked: FinetuneWorkRequest, context: ProjectContext) -> str | None:
    if asked.action is FinetuneAction.CANCEL:
        return requests.cancel(context)
    if asked.action is FinetuneAction.UNDO:
        return requests.undo(context)
    reason = requests.refusal(context.services.finetunings.all(context.project))
    if reason is None:
        requests.begin(context, FinetuneRequest(asked.network, asked.fresh, asked.options))
    return reason


def _status(context: ProjectContext) -> dict[str, Any]:
    project, services = context.project, context.services
    newest = services.finetunings.newest(project)
    backbone = switch.current(context)
    training_workers = services.queue.training_workers()
    if newest is None:
        message = "The project's backbone was never fine-tuned."
        shown: dict[str, Any] = {"phase": NONE, "working": False, "message": message}
    else:
        cancelling = newest.phase in OPEN and services.finetunings.is_cancelled(project, newest)
        shown = {**newest.to_json(), "working": newest.phase in OPEN, "cancelling": cancelling}
    return {**shown, "used": backbone.version, "training_workers": training_workers}
