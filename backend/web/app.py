"""The Flask application: which routes it has, who may call them, and what an error looks like."""

import atexit

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from backend import logs
from backend.errors import LabelLoopError, RequestError
from backend.settings import Settings
from backend.web import service
from backend.web.http import auth
from backend.web.http.server import MOST_BODY_BYTES
from backend.web.routes import autolabel, current, finetune, label_studio, monitoring, projects
from backend.web.service import WebService

BLUEPRINTS = (label_studio.routes, monitoring.routes, projects.routes, autolabel.routes, finetune.routes)

log = logs.get()


def create_app(settings: Settings | None = None) -> Flask:
    """The service behind HTTP, its threads started: what gunicorn calls.

    Args:
        settings: None for those of the environment.
    """
    started = service.start(settings)
    atexit.register(started.stop)
    return app_of(started)


def app_of(service: WebService) -> Flask:
    """The application that answers for a service; starts nothing."""
    app = Flask("label-loop", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BODY_BYTES
    app.url_map.converters["project"] = current.ProjectConverter
    current.bind(app, service)
    door = auth.Door(service.services.settings)
    door.announce()
    app.before_request(lambda: door.check(request))
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.register_error_handler(RequestError, _malformed)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(LabelLoopError, _unavailable)
    app.register_error_handler(Exception, _unexpected)
    return app


def _malformed(error: RequestError) -> Response:
    return _error(str(error), 400)


def _refused(error: HTTPException) -> Response:
    response = _error(error.description or error.name, error.code or 500)
    # Whom to log in as, when to try again, which methods there are.
    response.headers.extend((name, value) for name, value in error.get_headers() if name != "Content-Type")
    return response


def _unavailable(error: LabelLoopError) -> Response:
    log.error("request failed", path=request.path, reason=str(error))
    return _error(str(error), 503)


def _unexpected(error: Exception) -> Response:  # noqa: ARG001 - the handler's signature; the log takes it from the context
    log.exception("request failed", path=request.path)
    return _error("Something unexpected went wrong; the backend's log says what.", 500)


def _error(message: str, code: int) -> Response:
    response = jsonify(error=message)
    response.status_code = code
    return response
