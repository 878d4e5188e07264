"""The local stack and the demo's project, on a real Redis and a real Label Studio."""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from scripts.cli.connection.api import ApiError, LabelStudioApi
from scripts.demo_app.annotator import Annotator
from scripts.demo_app.home import DemoHome, DemoState
from scripts.demo_app.options import DemoOptions
from scripts.demo_app.project import DemoProject, open_project
from scripts.stack import redis
from scripts.stack.client import LabelStudioPage
from scripts.stack.http import local_session
from scripts.stack.image_project import label_config
from scripts.stack.label_studio import LabelStudioServer
from scripts.stack.ports import choose_port
from scripts.stack.processes import Supervisor
from tests.support.label_studio import RunningLabelStudio
from tests.support.waiting import until

VERSION = "v1"


@pytest.fixture(scope="module")
def server(label_studio: RunningLabelStudio) -> LabelStudioServer:
    return label_studio.server


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, server: LabelStudioServer) -> DemoHome:
    """A home whose Label Studio is the one that the tests share."""
    made = DemoHome(tmp_path_factory.mktemp("home"))
    made.documents = server.documents
    return made


@pytest.fixture(scope="module")
def state(home: DemoHome, server: LabelStudioServer) -> DemoState:
    return replace(home.load(), token=server.token)


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> DemoOptions:
    folder = tmp_path_factory.mktemp("animals")
    for number in range(6):
        path = folder / ("cat" if number % 2 else "dog & <co>") / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (8, 8), (number * 40, 0, 0)).save(path)
    return DemoOptions(data=str(folder))


@pytest.fixture(scope="module")
def demo(home: DemoHome, state: DemoState, options: DemoOptions, server: LabelStudioServer) -> DemoProject:
    return open_project(home, state, options, server.url)


@pytest.fixture
def ranked(demo: DemoProject, server: LabelStudioServer) -> Iterator[LabelStudioPage]:
    """The project with a version whose lowest score is on its last task, and nothing annotated."""
    api = LabelStudioApi(server.url, server.token)
    tasks = sorted(demo.truth, reverse=True)
    predictions = [
        {"task": task, "model_version": VERSION, "score": (1 + place) / 10, "result": [_region("cat")]}
        for place, task in enumerate(tasks)
    ]
    api.send_object("POST", f"/api/projects/{demo.project}/import/predictions", predictions)
    api.change_project(demo.project, model_version=VERSION, sampling="Uncertainty sampling")
    yield LabelStudioPage(server.url, server.token, demo.project)
    for action in ("delete_tasks_annotations", "delete_tasks_predictions"):
        chosen = {"selectedItems": {"all": True, "excluded": []}}
        api.send_object("POST", f"/api/dm/actions?id={action}&project={demo.project}", chosen)


def _region(choice: str) -> dict[str, object]:
    value = {"choices": [choice]}
    return {"from_name": "choice", "to_name": "image", "type": "choices", "value": value, "score": 0.9}


def annotator(page: LabelStudioPage, demo: DemoProject) -> Annotator:
    return Annotator(page, demo, pace=0.0, is_version=lambda name: name == VERSION)


def test_a_killed_redis_is_started_again(tmp_path: Path) -> None:
    port = choose_port(16_389)
    supervisor = Supervisor(announce=lambda line: None)
    supervisor.start(redis.redis_spec(port, tmp_path / "redis", tmp_path / "redis.log"))
    supervisor.watch()
    with redis.client(port) as client:
        os.kill(int(client.info()["process_id"]), signal.SIGKILL)
    until(lambda: redis.answers(port), "Redis")
    supervisor.stop()
    assert not redis.answers(port)


def test_the_true_classes_are_known_to_the_demo_and_to_nobody_else(
    demo: DemoProject, server: LabelStudioServer
) -> None:
    data = [
        LabelStudioApi(server.url, server.token).get_object(f"/api/tasks/{task}")["data"]["image"]
        for task in demo.truth
    ]
    assert sorted(demo.truth.values()) == ["cat"] * 3 + ["dog & <co>"] * 3
    assert data == list(demo.images.values())
    assert not any("cat" in address or "dog" in address for address in data)


def test_a_browser_can_fetch_each_image(demo: DemoProject, server: LabelStudioServer) -> None:
    with local_session() as session:
        session.headers["Authorization"] = f"Token {server.token}"
        answers = [session.get(server.url + address, timeout=60) for address in demo.images.values()]
    assert [answer.status_code for answer in answers] == [200] * 6
    assert {answer.headers["Content-Type"] for answer in answers} == {"image/png"}


def test_the_label_config_holds_the_classes_in_order(demo: DemoProject, server: LabelStudioServer) -> None:
    config = LabelStudioApi(server.url, server.token).project(demo.project)["label_config"]
    assert config == label_config(["cat", "dog & <co>"])


def test_a_second_start_opens_the_same_project(
    demo: DemoProject, home: DemoHome, state: DemoState, options: DemoOptions, server: LabelStudioServer
) -> None:
    assert open_project(home, state, options, server.url) == demo


def test_a_project_that_was_never_finished_is_made_anew(
    home: DemoHome, state: DemoState, options: DemoOptions, server: LabelStudioServer
) -> None:
    other = replace(options, seed=1)
    half_made = open_project(home, state, other, server.url)
    (home.projects / f"{half_made.project}.json").unlink()
    made = open_project(home, state, other, server.url)
    assert len(made.truth) == 6
    with pytest.raises(ApiError, match="404"):
        LabelStudioApi(server.url, server.token).project(half_made.project)


def states(server: LabelStudioServer, demo: DemoProject) -> str:
    """What Label Studio says of the project and its tasks, for a test that finds them otherwise than they must be."""
    api = LabelStudioApi(server.url, server.token)
    tasks = [api.get_object(f"/api/tasks/{task}/") for task in demo.truth]
    return json.dumps({"project": api.project(demo.project), "tasks": tasks})


def test_the_lowest_score_is_what_next_task_hands_out(ranked: LabelStudioPage, demo: DemoProject) -> None:
    handed = ranked.next_task()
    assert handed is not None
    assert handed.task == max(demo.truth)
    assert (ranked.active_version(), ranked.lowest_score()) == (VERSION, 0.1)


def test_the_annotator_submits_the_true_class_and_tells_what_it_saw(
    ranked: LabelStudioPage, demo: DemoProject, server: LabelStudioServer
) -> None:
    at_work = annotator(ranked, demo)
    at_work.annotate_next()
    seen = at_work.annotate_next()
    assert seen is not None
    assert (seen.version, seen.rank_score, seen.was_lowest) == (VERSION, 0.2, True), states(server, demo)
    assert seen.prediction_right == (demo.truth[seen.task] == "cat")
    assert seen.task in ranked.labelled_tasks()


def test_a_task_out_of_order_is_seen_not_to_be_the_lowest(
    ranked: LabelStudioPage, demo: DemoProject, server: LabelStudioServer
) -> None:
    LabelStudioApi(server.url, server.token).change_project(demo.project, sampling="Sequential sampling")
    at_work = annotator(ranked, demo)
    at_work.annotate_next()
    seen = at_work.annotate_next()
    assert seen is not None
    assert seen.was_lowest is False


def test_the_annotator_ends_when_no_task_is_left(
    ranked: LabelStudioPage, demo: DemoProject, server: LabelStudioServer
) -> None:
    at_work = annotator(ranked, demo)
    seen = [at_work.annotate_next() for _ in range(7)]
    assert [each is None for each in seen] == [False] * 6 + [True]
    assert ranked.labelled_tasks() == set(demo.truth), states(server, demo)
