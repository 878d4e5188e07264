"""What in a project's own settings makes learning, ranking or writing fail."""

from collections.abc import Collection

from backend.errors import LabelLoopError
from backend.label_studio import config
from scripts.cli.connection import answers
from scripts.cli.connection.api import ApiError, Json, LabelStudioApi
from scripts.cli.connection.findings import Finding, error, ok, warning

SAMPLING = "Uncertainty sampling"
SETTINGS = {"sampling": SAMPLING, "show_collab_predictions": True}
"""Of a project, as connecting sets them."""


def label_config(project: Json) -> Finding:
    """The backend can learn what the label config asks for."""
    try:
        labeling = config.read(project["label_config"])
    except LabelLoopError as problem:
        return error(str(problem), "Change it under Settings > Labeling Interface, then run connect again.")
    return ok(f"The label config asks for one of {len(labeling.classes)} classes of the image in {labeling.image}.")


def ranking(label_studio: LabelStudioApi, project: Json, versions: Collection[str] | None) -> list[Finding]:
    """Label Studio hands out the lowest score of the active version.

    Args:
        label_studio: that holds the project.
        project: as Label Studio's API shows it.
        versions: that the backend has made, or None where that is not known.
    """
    findings = []
    if project["sampling"] != SAMPLING:
        findings.append(
            warning(
                f'Sampling is "{project["sampling"]}": the order of the queue has no effect.',
                "If that is somebody's choice, leave it; else run connect without --check.",
            )
        )
    active = project["model_version"]
    # Before the first version, model_version is empty or the title of the ML connection.
    if versions and active not in versions:
        findings.append(
            warning(
                f"model_version is {active!r}, which is no version of the backend: tasks come in random order.",
                "If that is somebody's choice, leave it: it is never changed. Else choose the backend's newest version "
                "under Settings > Annotation > Live predictions.",
            )
        )
    elif versions and project.get("total_predictions_number") == 0:
        findings.append(
            warning(
                f"Version {active!r} of the backend is active, but the project has no predictions: they were deleted.",
                "Wait for the next poll (POLL_SECONDS), or submit an annotation: they are made again.",
            )
        )
    if project["maximum_annotations"] > 1:
        findings.append(
            warning(
                f"maximum_annotations is {project['maximum_annotations']}: tasks already annotated once come first.",
                "Set it to 1 through the API (PATCH /api/projects/ID), unless you need several opinions.",
            )
        )
    if not project["show_collab_predictions"]:
        findings.append(
            warning("Annotators do not see the pre-annotations.", "Switch them on under Settings > Annotation.")
        )
    findings.extend(_members(label_studio, int(project["id"])))
    return findings or [ok("The project's settings let Label Studio hand out the lowest score first.")]


def _members(label_studio: LabelStudioApi, project_id: int) -> list[Finding]:
    """With two members or more, Label Studio draws among the tasks. Community Edition has no such address (404)."""
    try:
        members = label_studio.get(f"/api/projects/{project_id}/members/")
    except ApiError:
        return []
    count = len(members) if isinstance(members, list) else int(members.get("count", 0))
    if count < 2:
        return []
    return [
        warning(
            f"The project has {count} members: Label Studio then draws at random instead of the lowest score.",
            "Remove them from the project; users of the organisation see it all the same.",
        )
    ]


def prediction_imports(label_studio: LabelStudioApi, project_id: int) -> Finding:
    """Whether Label Studio recounts the whole project with every import of predictions.

    Its feature flags show to a browser only. But its two importers refuse a task that is not there, before anything
    is written, in different words (label_studio/data_import/api.py, release 1.23.2): so one is asked to.
    """
    try:
        label_studio.import_predictions(project_id, [{"task": 0, "result": []}])
    except ApiError as refusal:
        return answers.of_import(refusal)
    return answers.of_import(None)
