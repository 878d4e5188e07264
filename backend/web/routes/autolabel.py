"""Routes of auto-labelling: what was requested, how far it is, and what it proved. The work itself is a job's."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify
from werkzeug.exceptions import Conflict, NotFound

from backend.autolabel import audit, requests
from backend.errors import RequestError
from backend.project import Project
from backend.services import ProjectContext
from backend.store.mirror import Mirror
from backend.store.records.autolabeling import WRITING, AutolabelAction, Autolabeling, AutolabelPhase, AutolabelRequest
from backend.web.http import json_body
from backend.web.routes import current, work_requests

routes = Blueprint("autolabel", __name__, url_prefix="/api/projects/<project:number>/autolabel")

NONE = "none"
"""Phase of a project that has no auto-labelling."""


class AutolabelWorkRequest(work_requests.WorkRequest):
    """A request. Whether a promise can be kept is for the job to say."""

    action: AutolabelAction
    max_error: float | None = None
    confidence: float | None = None
    threshold: float | None = None


@routes.get("")
def status(number: int) -> Response:
    """How far the project's newest auto-labelling is."""
    return jsonify(_status(current.context(number)))


@routes.post("")
def take_request(number: int) -> Response:
    """Have something done; 409 with the reason where it can't be."""
    context = current.context(number)
    asked = _read(json_body.read())
    wanted = AutolabelRequest(asked.max_error, asked.confidence, asked.threshold)
    reason = requests.place(context, asked.action, wanted)
    if reason is not None:
        raise Conflict(reason)
    return work_requests.accepted(_status(context))


@routes.get("/certificate")
def certificate(number: int) -> Response:
    """What the newest auto-labelling proved, or that it proved nothing."""
    project, store = current.project(number).project, current.services().autolabelings
    for each in reversed(store.all(project)):
        record = store.certificate(project, each.name)
        if record is not None:
            return jsonify(record)
    raise NotFound(f"Project {number} has no certificate: no set was audited to its end yet.")


def _status(context: ProjectContext) -> dict[str, Any]:
    project, store = context.project, context.services.autolabelings
    states = store.all(project)
    writing = next((each for each in states if each.phase in WRITING), None)
    shown = writing or (states[-1] if states else None)
    working = bool(store.commands(project)) or (writing is not None and not writing.problem)
    if shown is None:
        return {"phase": NONE, "working": working, "message": "Nothing was labelled automatically yet."}
    return {
        "name": shown.name,
        "phase": shown.phase,
        "working": working,
        "certified": shown.certified,
        "wish": asdict(shown.request),
        "message": shown.message,
        "problem": shown.problem,
        "attempt": shown.attempt,
        "set": shown.size - len(shown.left_out),
        "threshold": shown.threshold,
        "audit": _audit(project, context.services.mirror, shown),
        "done": shown.done,
        "total": shown.total,
    }


def _audit(project: Project, mirror: Mirror, state: Autolabeling) -> dict[str, Any]:
    """Which tasks people are to answer, and how many they have."""
    tasks = [each.task for each in state.audit]
    answered = len(tasks)
    if state.phase is AutolabelPhase.AUDITING:
        existing = [task.id for task in mirror.tasks(project, tasks)]
        persons = audit.by_persons(mirror.annotations(project))
        answered = len(audit.answered(state.audit, existing, persons))
    return {"size": len(tasks), "answered": answered, "tasks": tasks}


def _read(body: Any) -> AutolabelWorkRequest:
    """Read a request.

    Raises:
        RequestError: an unknown action, or a proposal that doesn't say of what.
    """
    asked = work_requests.read(AutolabelWorkRequest, body)
    promised = asked.max_error is not None and asked.confidence is not None
    if asked.action is AutolabelAction.PROPOSE and promised == (asked.threshold is not None):
        raise RequestError("A proposal needs max_error and confidence, or threshold for a plain cut.")
    return asked
