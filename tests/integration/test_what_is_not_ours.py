"""What other models and people brought into a project stays as it is, and our predictions stay few."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from flask import Flask, jsonify

from scripts.cli.connection.api import Json
from scripts.cli.connection.attach import attach
from scripts.cli.connection.detach import detach
from scripts.stack.image_project import choice_region
from tests.integration.test_autolabel import LABELLED, PER_CLASS, PROMISE, Autolabelling
from tests.support.project import LabelledProject
from tests.support.stack import RunningStack
from tests.support.waiting import until

MakeProject = Callable[..., LabelledProject]
FOREIGN = "clip-zero-shot"
SECOND = "Another model"


class Quiet(WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def second_backend() -> Iterator[str]:
    """Address of an ML backend that is not ours."""
    app = Flask("second")
    answers = {"health": {"status": "UP"}, "setup": {"model_version": "second-1"}, "predict": {"results": []}}
    app.add_url_rule("/<path>", "answer", lambda path: jsonify(answers.get(path, {})), methods=["GET", "POST"])
    server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def bring_predictions(project: LabelledProject, tasks: list[int]) -> None:
    """Import what another model says of these tasks."""
    body = [
        {"task": task, "model_version": FOREIGN, "score": 0.5, "result": [choice_region(project.truth[task])]}
        for task in tasks
    ]
    project.api.send_object("POST", f"/api/projects/{project.id}/import/predictions", body)


def foreign(project: LabelledProject) -> list[Json]:
    """What Label Studio holds of the other model's predictions, in full."""
    found = [each for each in project.all_predictions() if each["model_version"] == FOREIGN]
    return [{key: each[key] for key in ("id", "task", "result", "score", "updated_at")} for each in found]


def refreshed(project: LabelledProject, stack: RunningStack, labels: list[int]) -> str:
    """Wait until every unlabelled task has a prediction of a version of these labels; its name."""
    version = project.wait_for_version(stack, labels)
    # One of each class is labelled, and what was labelled after it.
    until(lambda: len(project.predictions(version)) >= len(project.tasks) - len(labels), "the refresh")
    stack.wait_until_quiet(project.id)
    return version


@pytest.mark.fault("R1")
def test_predictions_of_another_model_survive_every_refresh(stack: RunningStack, make_project: MakeProject) -> None:
    project = make_project()
    bring_predictions(project, project.tasks)
    before = foreign(project)
    project.attach(stack)
    labels = project.label_one_of_each(stack)
    for task in project.tasks[6:9]:
        labels.append(project.submit(task))
        refreshed(project, stack, labels)
    assert foreign(project) == before


@pytest.mark.fault("R1")
def test_an_audit_leaves_out_what_another_model_has_predicted(
    stack: RunningStack, make_project: MakeProject, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make_project(per_class=PER_CLASS)
    project.attach(stack)
    labels = [project.submit(task) for name in project.classes for task in project.of_class(name)[:LABELLED]]
    project.wait_for_version(stack, labels)
    stack.wait_until_quiet(project.id)
    theirs = [project.of_class(name)[LABELLED] for name in project.classes]
    bring_predictions(project, theirs)
    before = foreign(project)
    held = {each["id"] for each in project.all_predictions()}
    work = Autolabelling(project, stack)
    work.command(*PROMISE)
    asked = work.audit()
    assert asked
    # Whoever has an audited task open submits the number of the prediction that is hidden now.
    assert held <= {each["id"] for each in project.all_predictions()}
    assert not set(asked) & set(theirs)
    assert "predictions of other models" in " ".join(capsys.readouterr().out.split())
    late = next(task for task in asked)
    bring_predictions(project, [late])
    late_one = [each for each in foreign(project) if each["task"] == late]
    work.answer()
    work.command(*PROMISE)
    work.answer()
    work.command(*PROMISE)
    assert late not in work.audit()
    assert foreign(project) == before + late_one
    work.command("--cancel")


@pytest.mark.fault("R1")
def test_disconnecting_leaves_what_was_set_by_hand_since(
    stack: RunningStack, make_project: MakeProject, tmp_path: Path
) -> None:
    project = make_project()
    bring_predictions(project, project.tasks)
    attach(project.api, project.id, stack.address, tmp_path)
    labels = project.label_one_of_each(stack)
    refreshed(project, stack, labels)
    held = {each["id"] for each in project.all_predictions()}
    project.api.change_project(project.id, sampling="Sequential sampling", model_version=FOREIGN)
    stack.wait_until_quiet(project.id)
    detach(project.api, project.id, stack.url, tmp_path)
    now = project.api.project(project.id)
    assert (now["sampling"], now["model_version"]) == ("Sequential sampling", FOREIGN)
    assert {each["id"] for each in project.all_predictions()} == held


@pytest.mark.fault("R9")
@pytest.mark.parametrize("chosen", [SECOND, FOREIGN])
def test_another_model_that_was_chosen_by_hand_stays(
    chosen: str, stack: RunningStack, make_project: MakeProject, second_backend: str
) -> None:
    project = make_project()
    bring_predictions(project, project.tasks[:1])
    project.attach(stack)
    labels = project.label_one_of_each(stack)
    refreshed(project, stack, labels)
    project.api.add_connection(url=second_backend, project=project.id, title=SECOND)
    project.api.change_project(project.id, model_version=chosen)
    labels.append(project.submit(project.tasks[5]))
    until(lambda: "are not ours" in problem(stack, project), "the backend to notice", more=stack.log_tail)
    stack.wait_until_quiet(project.id)
    assert project.active_version() == chosen
    project.api.change_project(project.id, model_version="Label Loop")
    project.wait_for_version(stack, labels)


@pytest.mark.fault("R9")
def test_a_project_that_only_another_backend_is_connected_to_is_left_alone(
    stack: RunningStack, make_project: MakeProject, second_backend: str
) -> None:
    project = make_project()
    project.api.add_connection(url=second_backend, project=project.id, title=SECOND)
    stack.call("POST", "/webhook", json={"action": "TASKS_CREATED", "project": {"id": project.id}})
    stack.wait_until_quiet(project.id)
    assert project.active_version() in ("", SECOND)
    assert project.all_predictions() == []


def problem(stack: RunningStack, project: LabelledProject) -> str:
    """What `/health` says of a project."""
    return " ".join(line for line in stack.health()["problems"] if f"roject {project.id}" in line)


@pytest.mark.fault("R14")
def test_predictions_that_somebody_deleted_are_back_within_a_poll(
    make_stack: Callable[..., RunningStack], make_project: MakeProject
) -> None:
    stack = make_stack(more={"POLL_SECONDS": "2", "IDLE_SECONDS": "1"})
    project = make_project()
    project.attach(stack)
    version = refreshed(project, stack, project.label_one_of_each(stack))
    everything = {"selectedItems": {"all": True, "excluded": []}}
    project.api.send_object("POST", f"/api/dm/actions?id=delete_tasks_predictions&project={project.id}", everything)
    assert project.predictions(version) == {}
    until(lambda: len(project.predictions(version)) >= len(project.tasks) - 2, "the predictions", 30.0)
    handed = project.next_task()
    assert handed is not None
    assert handed.task == project.lowest_unlabelled()


@pytest.mark.fault("R16")
def test_a_task_holds_two_predictions_of_ours_at_most_however_fast_people_label(
    stack: RunningStack, make_project: MakeProject
) -> None:
    project = make_project(per_class=15)
    project.attach(stack)
    labels = project.label_one_of_each(stack)
    crowded = Counter[int]()
    while len(labels) < 14:
        handed = project.next_task()
        assert handed is not None
        begun_from = [each["id"] for each in project.all_predictions() if each["task"] == handed.task]
        labels.append(submit_page(project, handed.task, begun_from[:1]))
        held: Any = Counter(int(each["task"]) for each in project.all_predictions())
        crowded |= held
    assert max(crowded.values()) <= 2
    refreshed(project, stack, labels)
    assert max(Counter(int(each["task"]) for each in project.all_predictions()).values()) <= 2


def submit_page(project: LabelledProject, task: int, begun_from: list[int]) -> int:
    """Submit as a page does that shows a prediction: it names the prediction's number."""
    body: Json = {"result": [choice_region(project.truth[task])], "lead_time": 1}
    if begun_from:
        body["parent_prediction"] = begun_from[0]
    return int(project.api.send_object("POST", f"/api/tasks/{task}/annotations/?project={project.id}", body)["id"])
