"""Routes that Label Studio calls."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, Response, jsonify, request

from backend.errors import RequestError
from backend.label_studio import webhook
from backend.web import payloads
from backend.web.health.metrics import TimedRoute
from backend.web.http import json_body
from backend.web.routes import current

routes = Blueprint("label_studio", __name__)

View = Callable[[], Response]


def timed(route: TimedRoute) -> Callable[[View], View]:
    """Observe how long a view takes, as `label_loop_request_seconds`."""

    def decorate(view: View) -> View:
        @wraps(view)
        def observed() -> Response:
            with current.service().metrics.request_seconds(route).time():
                return view()

        return observed

    return decorate


@routes.post("/setup")
@timed(TimedRoute.SETUP)
def setup() -> Response:
    """Name the project's version; never fails, whatever the label config."""
    asked = payloads.read_setup(_body_or_nothing())
    return jsonify(model_version=current.service().setup(asked))


@routes.post("/predict")
@timed(TimedRoute.PREDICT)
def predict() -> Response:
    """One result per task, in order, all naming the version that `/setup` names."""
    asked = payloads.read_predict(json_body.read())
    version, results = current.service().predict(asked)
    return jsonify(results=results, model_version=version)


@routes.post("/webhook")
@timed(TimedRoute.WEBHOOK)
def take_event() -> Response:
    """Note that a project may have changed."""
    current.service().take(webhook.read(json_body.read()))
    return jsonify(status="ok")


@routes.route("/versions", methods=["GET", "POST"])
def versions() -> Response:
    """Names of a project's versions, oldest first; of all projects when none is named."""
    body = json_body.read()
    asked = request.args.get("project") or (body.get("project") if isinstance(body, dict) else None)
    number = payloads.project_number(asked)
    if asked is not None and number is None:
        raise RequestError(f'"{str(asked)[:50]}" is no project number.')
    return jsonify(versions=current.service().versions(number))


def _body_or_nothing() -> Any:
    """The request's JSON; what can't be read is taken as absent."""
    try:
        return json_body.read()
    except RequestError:
        return None
