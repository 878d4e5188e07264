"""Routes below a project: what its versions were made of, and how good they are."""

from typing import Any

import numpy as np
from flask import Blueprint, Response, jsonify
from werkzeug.exceptions import NotFound

from backend.project import Project
from backend.store.versions import Version
from backend.web.routes import current
from backend.web.routes import insight as insights
from model import holdout

routes = Blueprint("projects", __name__, url_prefix="/api/projects/<project:number>")


@routes.get("/versions/<name>")
def version(number: int, name: str) -> Response:
    """What made a version: labels, annotations, settings, evaluation."""
    services = current.services()
    project = services.project(number)
    if name not in services.versions.names(project):
        raise NotFound(f"Project {number} has no version {name!r}.")
    try:
        return jsonify(_made_of(project, services.versions.load(project, name)))
    except FileNotFoundError as error:
        raise NotFound(f"The files of version {name!r} are not kept any more.") from error


@routes.get("/insight")
def insight(number: int) -> Response:
    """Honest figures of a project: accuracy now and by version, labels saved, what going on would bring."""
    return jsonify(insights.answer(current.project(number), current.services().versions))


def _made_of(project: Project, version: Version) -> dict[str, Any]:
    record = version.record
    told = record.to_json()
    return {
        "name": version.name,
        "labels": len(record.labels),
        "queue": len(version.task_ids),
        "task_ids": [label.task for label in record.labels],
        "annotation_ids": [annotation for label in record.labels for annotation in label.annotations],
        "arm": _holdout(project, version),
        "strategy": told["strategy"],
        "settings": told["settings"],
        "metrics": told["evaluation"],
        "promotion": told["promotion"],
        "foreign": told["foreign"],
        "second_stage": version.insight is not None,
        "seconds": told["seconds"],
    }


def _holdout(project: Project, version: Version) -> list[int]:
    """Tasks of the holdout, by ascending id, as far as the version knows any: labelled ones, and those of its queue."""
    record = version.record
    tasks = np.union1d(version.task_ids, np.array([label.task for label in record.labels], dtype=np.int64))
    positions = holdout.hash_positions(project.key, tasks)
    held: list[int] = tasks[holdout.in_holdout(positions, record.settings.holdout_share)].tolist()
    return held
