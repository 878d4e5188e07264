"""Routes below a project that tell what its versions were made of and how good they are."""

import numpy as np
from flask import Blueprint, Response, jsonify
from werkzeug.exceptions import NotFound

from backend.web import current
from backend.web import insight as insights
from model import holdout

routes = Blueprint("projects", __name__, url_prefix="/api/projects/<int:number>")


@routes.get("/versions/<name>")
def version(number: int, name: str) -> Response:
    """What made a version: labels, annotations, settings, evaluation."""
    services = current.services()
    project = services.project(number)
    if name not in services.versions.names(project):
        raise NotFound(f"Project {number} has no version {name!r}.")
    try:
        version = services.versions.load(project, name)
    except FileNotFoundError as error:
        raise NotFound(f"The files of version {name!r} are not kept any more.") from error
    record, told = version.record, version.record.to_json()
    tasks = np.union1d(version.task_ids, np.array([label.task for label in record.labels], dtype=np.int64))
    in_holdout = holdout.in_holdout(holdout.hash_positions(project.key, tasks), record.settings.holdout_share)
    return jsonify(
        name=name,
        labels=len(record.labels),
        queue=len(version.task_ids),
        task_ids=[label.task for label in record.labels],
        annotation_ids=[annotation for label in record.labels for annotation in label.annotations],
        arm=tasks[in_holdout].tolist(),
        strategy=told["strategy"],
        settings=told["settings"],
        metrics=told["evaluation"],
        promotion=told["promotion"],
        second_stage=version.insight is not None,
        seconds=told["seconds"],
    )


@routes.get("/insight")
def insight(number: int) -> Response:
    """Honest figures of a project: accuracy now and by version, labels saved, what going on would bring."""
    return jsonify(insights.answer(current.project(number), current.services().versions))
