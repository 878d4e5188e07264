"""The service hosted by label-studio-ml: by its command, by its own server, and as a bare class."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from scripts.stack.http import answers, local_session
from scripts.stack.image_project import label_config
from scripts.stack.ports import choose_port
from scripts.stack.processes import LocalProcess, ProcessSpec
from tests.support.label_studio import RunningLabelStudio
from tests.support.project import LabelledProject
from tests.support.stack import RunningStack
from tests.support.waiting import until

CHECKOUT = Path(__file__).parents[2]
STAND_IN = Path(__file__).parent / "stand_in_2x"
COMMAND = Path(sys.executable).parent / "label-studio-ml"


@dataclass(frozen=True)
class Trained:
    """A project with a version that pre-annotates."""

    project: LabelledProject
    version: str

    @property
    def label_config(self) -> str:
        return label_config(list(self.project.classes))

    def setup(self) -> dict[str, Any]:
        """A setup request as Label Studio sends it."""
        return {
            "project": f"{self.project.id}.1700000000",
            "schema": self.label_config,
            "hostname": "",
            "access_token": "",
        }

    def predict(self) -> dict[str, Any]:
        """A predict request for two tasks."""
        return {"tasks": self.tasks(), "project": f"{self.project.id}.1700000000", "label_config": self.label_config}

    def tasks(self) -> list[dict[str, Any]]:
        addresses = [self.project.api.get_object(f"/api/tasks/{task}")["data"] for task in self.project.tasks[:2]]
        named = zip(self.project.tasks[:2], addresses, strict=True)
        return [{"id": task, "project": self.project.id, "data": data} for task, data in named]


@pytest.fixture(scope="module")
def trained(stack: RunningStack, label_studio: RunningLabelStudio) -> Trained:
    project = label_studio.make_project()
    project.attach(stack)
    project.wait_for_version(stack)
    labels = [project.submit(project.of_class(name)[0]) for name in project.classes]
    return Trained(project, project.wait_for_version(stack, labels))


@pytest.fixture
def unheard(make_project: Callable[..., LabelledProject], stack: RunningStack) -> LabelledProject:
    """A connected project whose events do not reach the stack's own web process."""
    project = make_project()
    project.attach(stack)
    project.wait_for_version(stack)
    for webhook in project.api.webhooks(project.id):
        project.api.delete(f"/api/webhooks/{webhook['id']}/")
    return project


@contextmanager
def hosted(stack: RunningStack, folder: Path, more: dict[str, str]) -> Iterator[str]:
    """`label-studio-ml start FOLDER` with the stack's settings and more variables; its address."""
    port = choose_port(19_190)
    url = f"http://127.0.0.1:{port}"
    path = f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}"
    spec = ProcessSpec(
        name="label-studio-ml",
        command=(str(COMMAND), "start", str(folder), "--port", str(port), "--host", "127.0.0.1"),
        environment=stack.server.environment() | {"PATH": path} | more,
        folder=stack.folder,
        log=stack.folder / f"label-studio-ml-{port}.log",
        is_ready=lambda: answers(f"{url}/health"),
    )
    process = LocalProcess(spec)
    process.start()
    try:
        process.wait_until_ready()
        yield url
    finally:
        process.stop()


@pytest.fixture(scope="module", params=["start", "init and start"])
def host(
    request: pytest.FixtureRequest, stack: RunningStack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Address of the service, hosted by `label-studio-ml start backend`, or in a folder that its `init` made."""
    folder, more = CHECKOUT / "backend", {}
    if request.param == "init and start":
        folder, more = initialised(tmp_path_factory.mktemp("hosted")), {"PYTHONPATH": str(CHECKOUT)}
    with hosted(stack, folder, more) as url:
        yield url


def initialised(parent: Path) -> Path:
    """A folder in which the package's own server uses our class."""
    script = f"{CHECKOUT / 'backend' / 'plugin.py'}:LabelLoop"
    subprocess.run([COMMAND, "init", "label_loop", "--root-dir", parent, "--script", script], check=True)
    return parent / "label_loop"


def call(method: str, url: str, body: dict[str, Any] | None = None) -> requests.Response:
    with local_session() as session:
        return session.request(method, url, json=body, timeout=120.0)


def test_it_says_that_it_is_up_and_what_is_wrong(host: str) -> None:
    assert call("GET", f"{host}/health").json()["status"] == "UP"
    # The stack's own web process has the same MODEL_DIR.
    until(lambda: any("[two-web-processes]" in each for each in call("GET", f"{host}/health").json()["problems"]), "it")


def test_setup_names_the_active_version(host: str, trained: Trained) -> None:
    until(lambda: call("POST", f"{host}/setup", trained.setup()).json() == {"model_version": trained.version}, "it")


def test_it_predicts_what_our_own_web_process_predicts(host: str, trained: Trained, stack: RunningStack) -> None:
    ours = stack.call("POST", "/predict", json=trained.predict()).json()
    theirs = call("POST", f"{host}/predict", trained.predict()).json()
    assert theirs == ours
    assert {result["model_version"] for result in theirs["results"]} == {trained.version}
    assert all(result["result"] for result in theirs["results"])


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_it_lists_versions(host: str, trained: Trained, stack: RunningStack, method: str) -> None:
    listed = call(method, f"{host}/versions?project={trained.project.id}", {}).json()["versions"]
    assert listed == stack.versions(trained.project.id)


def test_a_malformed_request_gets_a_sentence_and_no_traceback(host: str) -> None:
    answer = call("POST", f"{host}/predict", {"tasks": "none"})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("A predict request is malformed at tasks")


def test_metrics_are_there(host: str) -> None:
    assert "label_loop_queue_depth" in call("GET", f"{host}/metrics").text


def test_an_event_that_the_package_itself_drops_reaches_the_worker(
    host: str, unheard: LabelledProject, stack: RunningStack
) -> None:
    labels = [unheard.submit(unheard.of_class(name)[0]) for name in unheard.classes]
    event = {"action": "ANNOTATIONS_CREATED", "project": {"id": unheard.id}}
    assert call("POST", f"{host}/webhook", event).json() == {"status": "ok"}
    assert unheard.wait_for_version(stack, labels)


def test_the_command_takes_settings_and_refuses_wrong_ones() -> None:
    command = [sys.executable, CHECKOUT / "backend" / "_wsgi.py", "--with", "holdout_share=2"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode
    assert "HOLDOUT_SHARE" in ended.stderr


def test_an_option_that_is_no_setting_is_refused_in_a_line() -> None:
    command = [sys.executable, CHECKOUT / "backend" / "_wsgi.py", "--with", "fast"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 2
    assert ended.stderr.endswith("'fast' is not NAME=VALUE\n")


def as_a_class(
    shape: str, trained: Trained, stack: RunningStack, event: dict[str, Any], *search: Path
) -> dict[str, Any]:
    """What plugin_calls.py prints: the class used directly, in a process that ends with the last call."""
    asked = trained.predict() | {"event": event}
    paths = os.pathsep.join(str(path) for path in (*search, CHECKOUT))
    ended = subprocess.run(
        [sys.executable, Path(__file__).parent / "plugin_calls.py", shape],
        input=json.dumps(asked),
        env=stack.server.environment() | {"PYTHONPATH": paths},
        cwd=stack.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    answered: dict[str, Any] = json.loads(ended.stdout)
    return answered


@pytest.mark.parametrize(("shape", "search"), [("1.0.9", ()), ("2.x", (STAND_IN,))], ids=["1.0.9", "2.x"])
def test_the_class_predicts_and_hands_events_on(
    shape: str, search: tuple[Path, ...], trained: Trained, stack: RunningStack, unheard: LabelledProject
) -> None:
    labels = [unheard.submit(unheard.of_class(name)[0]) for name in unheard.classes]
    event = {"project": {"id": unheard.id, "label_config": trained.label_config}}
    answered = as_a_class(shape, trained, stack, event, *search)
    assert answered["predictions"] == stack.call("POST", "/predict", json=trained.predict()).json()["results"]
    assert answered["fit"] == {"status": "ok"}
    assert answered["model_version"] == trained.version
    assert trained.version in answered["versions"]["versions"]
    assert unheard.wait_for_version(stack, labels)


def test_only_the_plugin_loads_the_package() -> None:
    check = "import sys, backend.web.app, backend.worker; sys.exit('label_studio_ml' in sys.modules)"
    subprocess.run([sys.executable, "-c", check], cwd=CHECKOUT, check=True)
