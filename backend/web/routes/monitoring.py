"""Routes that say how the backend is doing: to Label Studio, to people, and to Prometheus."""

from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from backend import __version__
from backend.web.health.problem import Severity
from backend.web.routes import current

routes = Blueprint("monitoring", __name__)


@routes.get("/")
@routes.get("/health")
def health() -> Response:
    """Whether the service is up, and one line for each thing that is wrong; answered from memory."""
    service = current.service()
    status = service.status
    found = service.problems()
    return jsonify(
        status="UP",
        version=__version__,
        problems=[each.line for each in found if each.level is Severity.PROBLEM],
        notes=[each.line for each in found if each.level is Severity.NOTE],
        details=[each.to_json() for each in found],
        workers=status.workers,
        training_workers=list(status.training_workers),
        label_studio={
            "url": service.services.settings.label_studio_url,
            "reachable": status.label_studio_is_reachable,
            "error": status.label_studio_problem,
        },
    )


@routes.get("/metrics")
def metrics() -> Response:
    """All metrics in Prometheus's text format."""
    return Response(generate_latest(current.service().metrics.registry), content_type=CONTENT_TYPE_LATEST)
