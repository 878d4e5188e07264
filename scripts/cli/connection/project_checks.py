"""What in a project's own settings makes learning, ranking or writing fail."""

from collections.abc import Collection

from backend import settings
from backend.errors import LabelLoopError
from backend.images.addresses import CLOUD_SCHEMES, LOCAL_FILES
from backend.images.fetcher import ImageFetcher
from backend.images.outcome import Unavailable
from backend.label_studio import config
from backend.label_studio.task_data import image_address
from model.errors import ImageError
from model.images.decoders import Decoders
from model.images.limits import ImageLimits
from scripts.cli.connection import answers
from scripts.cli.connection.api import ApiError, Json, LabelStudioApi
from scripts.cli.connection.findings import Finding, error, ok, warning

IMAGE_MAX_BYTES = 50_000_000
IMAGE_SECONDS = 20.0
IMAGE_SIDE = 224
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


def image(label_studio: LabelStudioApi, project: Json) -> Finding:
    """One task's image, fetched as the backend will fetch it."""
    try:
        shown = config.read(project["label_config"]).image
    except LabelLoopError:
        return warning("No image was tried.", "Mend the label config first.")
    task = label_studio.first_task(project["id"])
    if task is None:
        return warning("No image was tried: the project has no tasks.", "Import images, then run connect --check.")
    address = image_address(shown, task["data"])
    networks = settings.load().networks_allowed
    fetcher = ImageFetcher(label_studio.loop_client(), IMAGE_MAX_BYTES, IMAGE_SECONDS, allow_private=networks)
    content = fetcher.fetch(address, int(task["id"]))
    if isinstance(content, Unavailable):
        return error(f"The image of task {task['id']} cannot be fetched: {content.reason}", _mend(address))
    try:
        with Decoders(ImageLimits(max_bytes=IMAGE_MAX_BYTES)) as decoders:
            picture = decoders.decode(content, IMAGE_SIDE)
    except ImageError as problem:
        return error(f"What task {task['id']} has in {shown} can't be used: {address[:120]} {problem}", _mend(address))
    return ok(f"The image of task {task['id']} was fetched ({picture.width} × {picture.height}).")


def _mend(address: str) -> str:
    """What to do about an address that gives no image."""
    if address.startswith(LOCAL_FILES):
        return (
            "Add a Local Files storage under Settings > Cloud Storage whose path is the image's folder, and start "
            "Label Studio with LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED and LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT."
        )
    if address.partition("://")[0] in CLOUD_SCHEMES:
        return "Add the bucket as a source under Settings > Cloud Storage, with credentials that may read it."
    if address.startswith("/data/upload/"):
        return "Import the file again: Label Studio has lost it, or it belongs to a project that is gone."
    return "Make the address open in a browser on the backend's machine, without a log-in."


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
                "Run connect without --check, and leave Settings > General > Task Sampling alone.",
            )
        )
    active = project["model_version"]
    # Before the first version, model_version is empty or the title of the ML connection.
    if versions and active not in versions:
        findings.append(
            warning(
                f"model_version is {active!r}, which is no version of the backend: tasks come in random order.",
                "Choose Label Loop under Settings > Annotation, where it should order them: a choice by hand stays.",
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
