"""The demo's project in Label Studio: made of images on disk, the truth kept aside, the backend attached."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scripts.cli.connection.address import BackendAddress
from scripts.cli.connection.api import ApiError, LabelStudioApi
from scripts.cli.connection.attach import attach
from scripts.cli.connection.detach import detach
from scripts.cli.connection.findings import Level, has_errors
from scripts.cli.progress import tracked
from scripts.demo_app.errors import DemoError
from scripts.demo_app.home import DemoHome, DemoState, write_private
from scripts.demo_app.options import DemoOptions, TaskOrder
from scripts.lab.datasets import ImageSource, open_source, select
from scripts.stack.image_project import address, create_project, import_tasks, serve_images

MOST_TITLE = 50
"""Letters that Label Studio takes."""
SAMPLING = {TaskOrder.LOOP: "Uncertainty sampling", TaskOrder.RANDOM: "Uniform sampling"}


@dataclass(frozen=True)
class DemoProject:
    """A project whose true labels are known; Label Studio and the backend never see them.

    Attributes:
        project: Label Studio's id.
        classes: names, in the order of the label config.
        truth: class by task id.
        images: image address by task id, as in the task's data.
    """

    project: int
    classes: list[str]
    truth: dict[int, str]
    images: dict[int, str]


def open_project(home: DemoHome, state: DemoState, options: DemoOptions, url: str) -> DemoProject:
    """The project for these options: the one made earlier, or a new one.

    Args:
        home: where its images and true labels are.
        state: remembers its id; changed and saved here.
        options: data, limit, order and seed name it.
        url: of Label Studio.

    Raises:
        DataError: the images cannot be had.
        DemoError: Label Studio refuses.
    """
    key = project_key(options)
    api = LabelStudioApi(url, state.token)
    known = state.projects.get(key)
    if known is not None:
        kept = load_project(home, known)
        if kept is not None and _exists(api, known):
            return kept
        # An earlier run ended before all was there, or somebody deleted the project: begin it anew.
        api.remove_project(known)
    return _make(home, state, options, api)


def project_key(options: DemoOptions) -> str:
    """What tells the demo's projects apart; also the project's title."""
    data = options.data if not Path(options.data).exists() else str(Path(options.data).resolve())
    parts = [data if options.limit is None else f"{data}, {options.limit} images"]
    parts += ["random order"] if options.order is TaskOrder.RANDOM else []
    parts += [f"seed {options.seed}"] if options.seed else []
    return ", ".join(parts)


def connect(
    home: DemoHome, state: DemoState, project: int, label_studio_url: str, backend: BackendAddress, order: TaskOrder
) -> None:
    """Attach the backend to the project and set the order of its tasks.

    Raises:
        DemoError: a check found something that keeps the loop from running.
    """
    api = LabelStudioApi(label_studio_url, state.token)
    earlier = state.attached.get(str(project))
    if earlier not in (None, backend.url):
        # The port changed since: Label Studio would go on calling whoever listens there now.
        detach(api, project, str(earlier), home.connections)
    findings = attach(api, project, backend, home.connections)
    for finding in findings:
        if finding.level is not Level.OK:
            print(f"{finding.level}: {finding.what} {finding.mend}")
    if has_errors(findings):
        raise DemoError("The backend could not be attached to the project (see above).")
    state.attached[str(project)] = backend.url
    home.save(state)
    api.change_project(project, sampling=SAMPLING[order])


def load_project(home: DemoHome, project: int) -> DemoProject | None:
    """The true labels kept for a project; None where it was never finished."""
    path = home.projects / f"{project}.json"
    if not path.exists():
        return None
    kept = json.loads(path.read_text())
    truth = {int(task): name for task, name in kept["truth"].items()}
    return DemoProject(project, kept["classes"], truth, {int(task): image for task, image in kept["images"].items()})


def _make(home: DemoHome, state: DemoState, options: DemoOptions, api: LabelStudioApi) -> DemoProject:
    source = open_source(options.data, home.downloads)
    for line in source.left_out:
        print(f"left out: {line}")
    title = project_key(options)
    project = create_project(api, title[:MOST_TITLE], source.classes)
    state.projects[title] = project
    home.save(state)
    folder = home.documents / str(project)
    addresses, labels = _write_images(source, folder, options)
    serve_images(api, project, folder)
    tasks = import_tasks(api, project, [{"data": {"image": image}} for image in addresses])
    if len(tasks) != len(addresses):
        raise DemoError(f"Label Studio made {len(tasks)} tasks of {len(addresses)}. See label-studio.log.")
    made = DemoProject(
        project, source.classes, dict(zip(tasks, labels, strict=True)), dict(zip(tasks, addresses, strict=True))
    )
    kept = {"project": project, "classes": made.classes, "truth": made.truth, "images": made.images}
    write_private(home.projects / f"{project}.json", kept)
    return made


def _write_images(source: ImageSource, folder: Path, options: DemoOptions) -> tuple[list[str], list[str]]:
    """Write the chosen images in random order under numbers, which tell nothing of their class.

    Returns:
        Their addresses for Label Studio and their classes.
    """
    generator = np.random.default_rng(options.seed)
    wanted = select(source.labels, options.limit, generator)
    numbers = dict(zip(wanted, generator.permutation(len(wanted)).tolist(), strict=True))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    addresses, labels = [""] * len(wanted), [""] * len(wanted)
    for image in tracked(source.read(wanted), "writing images", len(wanted), "image", kept=False):
        number = numbers[image.index]
        name = f"{number:06d}{image.suffix}"
        (folder / name).write_bytes(image.content)
        addresses[number] = address(folder, name)
        labels[number] = source.labels[image.index]
    return addresses, labels


def _exists(api: LabelStudioApi, project: int) -> bool:
    try:
        api.project(project)
    except ApiError as problem:
        if problem.status == 404:
            return False
        raise
    return True
