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
    labels = version.record["labels"]
    tasks = np.union1d(version.task_ids, np.array([label[0] for label in labels], dtype=np.int64))
    in_holdout = holdout.in_holdout(holdout.hash_positions(project.key, tasks), version.record["settings"]["arm_share"])
    return jsonify(
        name=name,
        labels=len(labels),
        queue=len(version.task_ids),
        task_ids=[label[0] for label in labels],
        annotation_ids=[annotation for label in labels for annotation in label[2]],
        arm=tasks[in_holdout].tolist(),
        strategy=version.record["strategy"],
        settings=version.record["settings"],
        metrics=version.record["evaluation"],
        promotion=version.record.get("promotion"),
        second_stage=version.insight is not None,
        seconds=version.record["seconds"],
    )


@routes.get("/insight")
def insight(number: int) -> Response:
    """Honest figures of a project: accuracy now and by version, labels saved, what going on would bring."""
    return jsonify(insights.answer(current.project(number), current.services().versions))
