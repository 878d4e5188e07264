"""The loop on a real Label Studio: what annotators do there, and what becomes of it."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from requests.adapters import HTTPAdapter

from backend.label_studio.client import LabelStudio
from backend.loop.job import DEBOUNCE_LIMIT
from backend.settings import Settings
from scripts.demo_app.annotator import choice_region
from scripts.demo_app.image_project import label_config
from scripts.stack.http import local_session
from tests.support.label_studio import RunningLabelStudio, User
from tests.support.pictures import picture
from tests.support.project import LabelledProject
from tests.support.stack import RunningStack
from tests.support.waiting import until

MakeProject = Callable[..., LabelledProject]
SENDERS = 8
SLOW_SECONDS = 4.0


class SlowImage(BaseHTTPRequestHandler):
    """An image that takes its time: whoever fetches it is busy meanwhile."""

    def do_GET(self) -> None:
        time.sleep(SLOW_SECONDS)
        content = picture(0, 12345)
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Tests print nothing."""


@pytest.fixture
def slow_images() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), SlowImage)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def project(stack: RunningStack, make_project: MakeProject) -> LabelledProject:
    """Twelve tasks of two classes, attached: a first version is on its way."""
    made = make_project()
    made.attach(stack)
    return made


@pytest.fixture
def labels(project: LabelledProject, stack: RunningStack) -> list[int]:
    """The annotations that the project's version is trained on: one of each class."""
    return label_one_of_each(project, stack)


def label_one_of_each(project: LabelledProject, stack: RunningStack) -> list[int]:
    """The annotations, when a version is trained on them."""
    made = [project.submit(project.of_class(name)[0]) for name in project.classes]
    project.wait_for_version(stack, made)
    return made


def test_the_first_version_orders_every_task_without_a_pre_annotation(
    project: LabelledProject, stack: RunningStack
) -> None:
    project.wait_for_version(stack)
    predictions = project.predictions()
    assert sorted(predictions) == project.tasks
    assert all(each.score is not None and 0 <= each.score <= 1 for each in predictions.values())
    assert {each.choice for each in predictions.values()} == {None}


def test_one_label_of_each_of_two_classes_is_enough_to_predict(project: LabelledProject, labels: list[int]) -> None:
    predictions = project.predictions()
    unlabelled = [task for name in project.classes for task in project.of_class(name)[1:]]
    assert {task: predictions[task].choice for task in unlabelled} == {task: project.truth[task] for task in unlabelled}


def test_a_trained_version_waits_for_an_mlflow_that_is_away(
    project: LabelledProject, labels: list[int], stack: RunningStack
) -> None:
    assert stack.tracked().count(project.active_version()) == 1


def test_next_task_is_the_lowest_of_the_active_version(
    project: LabelledProject, labels: list[int], stack: RunningStack
) -> None:
    stack.wait_until_quiet(project.id)
    handed = project.next_task()
    assert handed is not None
    assert handed.task == project.lowest_unlabelled()


def test_a_skipped_task_is_not_a_label_and_comes_last(
    project: LabelledProject, labels: list[int], stack: RunningStack
) -> None:
    skipped, labelled = project.tasks[4], project.tasks[5]
    project.skip(skipped)
    version = project.wait_for_version(stack, [*labels, project.submit(labelled)])
    trained_on = stack.labels_of(project.id, version)
    found = project.predictions(version)
    waiting = {task: each.score or 0.0 for task, each in found.items() if task not in trained_on}
    assert skipped not in trained_on
    assert max(waiting, key=waiting.__getitem__) == skipped


def test_an_annotation_without_a_choice_is_not_a_label(
    project: LabelledProject, labels: list[int], stack: RunningStack
) -> None:
    empty, labelled = project.tasks[4], project.tasks[5]
    project.api.send_object("POST", f"/api/tasks/{empty}/annotations/", {"result": []})
    version = project.wait_for_version(stack, [*labels, project.submit(labelled)])
    assert empty not in stack.labels_of(project.id, version)


def test_a_draft_is_not_a_label(project: LabelledProject, labels: list[int], stack: RunningStack) -> None:
    drafted, labelled = project.tasks[4], project.tasks[5]
    draft = {"result": project.result("circle"), "lead_time": 1.0}
    project.api.send_object("POST", f"/api/tasks/{drafted}/drafts?project={project.id}", draft)
    version = project.wait_for_version(stack, [*labels, project.submit(labelled)])
    assert drafted not in stack.labels_of(project.id, version)


def test_a_deleted_annotation_is_a_label_no_more(
    project: LabelledProject, labels: list[int], stack: RunningStack
) -> None:
    third = project.submit(project.tasks[5])
    project.wait_for_version(stack, [*labels, third])
    project.delete_annotation(third)
    project.wait_for_version(stack, labels)


def test_a_deleted_task_is_a_label_no_more(project: LabelledProject, labels: list[int], stack: RunningStack) -> None:
    third = project.submit(project.tasks[5])
    project.wait_for_version(stack, [*labels, third])
    project.delete_tasks([project.tasks[5], project.tasks[6]])
    version = project.wait_for_version(stack, labels)
    assert set(project.predictions(version)) <= set(project.tasks)


def test_a_changed_annotation_counts_with_its_new_choice(
    project: LabelledProject, labels: list[int], stack: RunningStack
) -> None:
    task = project.tasks[5]
    annotation = project.submit(task, "circle")
    before = project.wait_for_version(stack, [*labels, annotation])
    project.change(annotation, "square")
    after = project.wait_for_version(stack, [*labels, annotation], not_version=before)
    assert (stack.labels_of(project.id, before)[task], stack.labels_of(project.id, after)[task]) == ("circle", "square")


def test_ground_truth_wins_over_another_annotators_later_answer(
    project: LabelledProject, labels: list[int], stack: RunningStack
) -> None:
    task, other = project.tasks[5], project.tasks[6]
    truth = project.submit(task, "circle")
    project.api.send_object("PATCH", f"/api/annotations/{truth}/", {"ground_truth": True})
    project.submit(task, "square")
    version = project.wait_for_version(stack, [*labels, truth, project.submit(other)])
    assert stack.labels_of(project.id, version)[task] == "circle"


def test_new_tasks_are_published_without_a_retrain(
    project: LabelledProject, labels: list[int], stack: RunningStack
) -> None:
    before = project.active_version()
    new = project.add_tasks(["circle", "square"])
    after = project.wait_for_version(stack, labels, not_version=before)
    predictions = project.predictions(after)
    assert [predictions[task].choice for task in new] == ["circle", "square"]
    heads = [stack.version_file(project.id, version, "head.safetensors") for version in (before, after)]
    assert heads[0] == heads[1]


def test_the_same_labels_and_seed_give_the_same_head(
    project: LabelledProject, labels: list[int], stack: RunningStack
) -> None:
    before = project.active_version()
    third = project.submit(project.tasks[5])
    between = project.wait_for_version(stack, [*labels, third])
    project.delete_annotation(third)
    after = project.wait_for_version(stack, labels)
    heads = [stack.version_file(project.id, version, "head.safetensors") for version in (before, between, after)]
    assert heads[0] == heads[2] != heads[1]


def test_a_choice_that_is_added_keeps_all_labels(
    project: LabelledProject, labels: list[int], stack: RunningStack
) -> None:
    before = project.active_version()
    project.api.change_project(project.id, label_config=label_config(["triangle", *project.classes]))
    version = project.wait_for_version(stack, labels, not_version=before)
    made = stack.version(project.id, version)
    assert made is not None
    assert made["settings"]["classes"] == ["triangle", "circle", "square"]
    assert {each.choice for each in project.predictions(version).values()} == {"circle", "square"}


def test_a_choice_that_is_removed_takes_its_labels_along(stack: RunningStack, make_project: MakeProject) -> None:
    project = make_project(("circle", "square", "triangle"), 3)
    project.attach(stack)
    labels = [project.submit(project.of_class(name)[0]) for name in project.classes]
    project.wait_for_version(stack, labels)
    project.api.change_project(project.id, label_config=label_config(["circle", "square"]))
    version = project.wait_for_version(stack, labels[:2])
    assert {each.choice for each in project.predictions(version).values()} == {"circle", "square"}


def test_a_choice_that_gets_an_alias_keeps_its_labels(
    project: LabelledProject, labels: list[int], stack: RunningStack
) -> None:
    before = project.active_version()
    config = label_config(["circle", "square"]).replace('value="circle"', 'value="circle" alias="round"')
    project.api.change_project(project.id, label_config=config)
    version = project.wait_for_version(stack, labels, not_version=before)
    assert set(stack.labels_of(project.id, version).values()) == {"round", "square"}
    assert {each.choice for each in project.predictions(version).values()} == {"round", "square"}


def test_a_label_config_that_names_another_field_is_followed_at_once(
    stack: RunningStack, make_project: MakeProject
) -> None:
    project = make_project(per_class=2)
    addresses = [project.api.get_object(f"/api/tasks/{task}")["data"]["image"] for task in project.tasks]
    project.delete_tasks(project.tasks)
    body = [{"data": {"thumb": "nothing", "image": address}} for address in addresses]
    tasks = project.api.send_object("POST", f"/api/projects/{project.id}/import?return_task_ids=true", body)["task_ids"]
    config = label_config(list(project.classes))
    project.api.change_project(project.id, label_config=config.replace("$image", "$thumb"))
    project.attach(stack)
    until(lambda: stack.runs_of("empty") > 0, "a run that finds no image")
    project.api.change_project(project.id, label_config=config)
    version = project.wait_for_version(stack)
    assert sorted(project.predictions(version)) == tasks


def test_a_task_whose_image_is_broken_comes_last_and_has_no_place_in_the_head(
    project: LabelledProject, labels: list[int], stack: RunningStack
) -> None:
    torn = project.folder / "torn.png"
    torn.write_bytes(picture(0, 999)[:500])
    addresses = [project.address_of(torn), "http://[::1/no-address.png", "not an address"]
    broken = project.add_addresses(addresses)

    def refreshed() -> bool:
        return set(broken) <= set(project.predictions())

    until(refreshed, "the refresh of the rest of the queue")
    predictions = project.predictions()
    assert [(predictions[task].score, predictions[task].choice) for task in broken] == [(1.0, None)] * 3
    assert project.wait_for_version(stack, [*labels, project.submit(project.tasks[5])])


def test_a_page_that_was_open_through_a_refresh_can_be_submitted(
    project: LabelledProject, labels: list[int], stack: RunningStack
) -> None:
    project.wait_for_version(stack, labels)
    handed = project.next_task()
    assert handed is not None
    (begun_from,) = [each["id"] for each in project.all_predictions() if each["task"] == handed.task]
    labels += [project.submit(task) for task in project.tasks[4:7] if task != handed.task]
    version = project.wait_for_version(stack, labels)

    def refreshed() -> bool:
        return any("refreshed" in line and version in line for line in stack.log_tail().splitlines())

    until(refreshed, "the refresh")
    body = {"result": [choice_region(project.classes[0])], "lead_time": 1, "parent_prediction": begun_from}
    annotation = project.api.send_object("POST", f"/api/tasks/{handed.task}/annotations/", body)
    project.wait_for_version(stack, [*labels, annotation["id"]])


def test_a_task_whose_number_went_to_another_project_is_left_alone(
    project: LabelledProject, labels: list[int], label_studio: RunningLabelStudio, make_project: MakeProject
) -> None:
    asking = LabelStudio(label_studio.url, label_studio.token)
    newest = max(each["id"] for each in project.all_predictions() if each["task"] == project.tasks[5])
    assert asking.newest_prediction(project.id, project.tasks[5]) == newest
    assert asking.newest_prediction(make_project().id, project.tasks[5]) is None


def test_the_number_of_predictions_on_a_task_is_capped(
    make_stack: Callable[..., RunningStack], make_project: MakeProject
) -> None:
    # Tasks that somebody may have open keep theirs.
    stack = make_stack(
        more={"POLL_SECONDS": "600", "IDLE_SECONDS": "1", "QUEUE_FRONT": "1", "OPEN_TASK_SECONDS": "0.1"}
    )
    project = make_project()
    project.attach(stack)
    made = label_one_of_each(project, stack)
    for task in project.tasks[4:9]:
        made.append(project.submit(task))
        project.wait_for_version(stack, made)

    def crowded() -> list[int]:
        tasks = [int(each["task"]) for each in project.all_predictions()]
        return [task for task in set(tasks) if tasks.count(task) > 5]

    until(lambda: len(crowded()) <= 1, "old predictions to be removed")
    # A slice's tasks lose their old predictions a moment before they get the new one.
    until(lambda: set(project.predictions()) >= set(project.tasks[9:]), "every open task to be predicted")


def test_our_own_writes_start_no_run(project: LabelledProject, labels: list[int], stack: RunningStack) -> None:
    version = project.wait_for_version(stack, [*labels, project.submit(project.tasks[5])])
    until(lambda: len(project.predictions(version)) >= len(project.tasks) - 3, "the refresh")
    stack.wait_until_quiet(project.id)
    runs = stack.runs()
    with pytest.raises(AssertionError, match="in vain"):
        until(lambda: stack.runs() > runs, "a run that nobody asked for", seconds=5.0)


def test_two_projects_with_the_same_classes_in_another_order_do_not_mix(
    stack: RunningStack, make_project: MakeProject
) -> None:
    projects = [make_project(("circle", "square"), 4), make_project(("square", "circle"), 4)]
    for each in projects:
        each.attach(stack)
    labels = [[each.submit(each.of_class(name)[0]) for name in each.classes] for each in projects]
    versions = [each.wait_for_version(stack, made) for each, made in zip(projects, labels, strict=True)]
    for each, version in zip(projects, versions, strict=True):
        made = stack.version(each.id, version)
        assert made is not None
        assert made["settings"]["classes"] == list(each.classes)
        assert set(made["arm"]) <= set(each.tasks)
        assert {task: found.choice for task, found in each.predictions(version).items()}.items() <= each.truth.items()
    assert not set(stack.versions(projects[0].id)) & set(stack.versions(projects[1].id))


def test_a_refresh_does_not_keep_another_project_waiting(
    make_stack: Callable[..., RunningStack], make_project: MakeProject
) -> None:
    # One task a slice: the refresh takes far longer than a run.
    stack = make_stack(more={"POLL_SECONDS": "600", "IDLE_SECONDS": "0.5", "QUEUE_HEAD": "1", "SLICE_SIZE": "1"})
    idle, busy = make_project(per_class=75), make_project(per_class=1)
    idle.attach(stack)
    version = idle.wait_for_version(stack)
    until(lambda: len(idle.predictions(version)) > 3, "the refresh to begin")
    busy.attach(stack)
    busy.wait_for_version(stack)
    assert len(idle.predictions(version)) < len(idle.tasks)


def test_connecting_in_label_studios_settings_alone_is_enough(stack: RunningStack, make_project: MakeProject) -> None:
    project = make_project()
    project.api.send_object("POST", "/api/ml", {"url": stack.url, "project": project.id, "title": "My model"})
    project.wait_for_version(stack)
    project.wait_for_version(stack, [project.submit(project.of_class(name)[0]) for name in project.classes])


def test_a_version_that_somebody_chose_by_hand_stays_until_the_next_label(
    project: LabelledProject, labels: list[int], stack: RunningStack
) -> None:
    first = stack.versions(project.id)[0]
    project.api.change_project(project.id, model_version=first)
    stack.call("POST", "/webhook", json={"action": "START_TRAINING", "project": {"id": project.id}})
    stack.wait_until_quiet(project.id)
    assert project.active_version() == first
    project.wait_for_version(stack, [*labels, project.submit(project.tasks[5])])


def test_a_burst_of_500_events_is_at_most_two_runs(
    project: LabelledProject, labels: list[int], stack: RunningStack
) -> None:
    stack.wait_until_quiet(project.id)
    before = stack.runs()
    event = {"action": "ANNOTATION_CREATED", "project": {"id": project.id}}
    with local_session() as session:
        adapter = HTTPAdapter(pool_maxsize=SENDERS)
        session.mount("http://", adapter)

        def send(_: int) -> int:
            return session.post(f"{stack.url}/webhook", json=event, timeout=10).status_code

        started = time.monotonic()
        with ThreadPoolExecutor(SENDERS) as senders:
            assert set(senders.map(send, range(500))) == {200}
        burst_seconds = time.monotonic() - started
    stack.wait_until_quiet(project.id)
    # A machine that is so busy that the burst lasts longer than a run waits for its end gets another for each wait.
    waits = burst_seconds // (DEBOUNCE_LIMIT * Settings().debounce_seconds)
    assert 1 <= stack.runs() - before <= 2 + waits


def test_events_during_a_run_cause_exactly_one_more(
    project: LabelledProject, labels: list[int], stack: RunningStack, slow_images: str
) -> None:
    stack.wait_until_quiet(project.id)
    before = stack.runs()
    project.add_addresses([f"{slow_images}/a.png"])
    until(lambda: stack.is_running(project.id), "the run")
    for _ in range(20):
        stack.call("POST", "/webhook", json={"action": "ANNOTATION_CREATED", "project": {"id": project.id}})
    stack.wait_until_quiet(project.id)
    assert stack.runs() - before == 2


def test_the_button_start_training_is_taken(project: LabelledProject, labels: list[int], stack: RunningStack) -> None:
    stack.wait_until_quiet(project.id)
    before = stack.runs()
    (connection,) = project.api.connections(project.id)
    with local_session() as session:
        session.headers["Authorization"] = f"Token {project.token}"
        answer = session.post(f"{project.api.url}/api/ml/{connection['id']}/train", json={}, timeout=10)
    assert answer.ok
    until(lambda: stack.runs() == before + 1, "a run")


def test_two_users_get_the_lowest_task_that_the_other_does_not_have(
    project: LabelledProject, labels: list[int], stack: RunningStack, second_user: User
) -> None:
    stack.wait_until_quiet(project.id)
    first, second = project.next_task(), project.next_task(second_user.token)
    assert first is not None
    assert second is not None
    assert first.task == project.lowest_unlabelled()
    assert second.task == project.lowest_unlabelled(locked=[first.task])
    version = project.wait_for_version(stack, [*labels, project.submit(first.task)])
    third = project.next_task()
    assert third is not None
    assert third.task == project.lowest_unlabelled(locked=[second.task])
    assert project.active_version() == version


def test_two_users_at_work_at_once_never_get_the_same_task(
    project: LabelledProject, labels: list[int], second_user: User
) -> None:
    # On SQLite, Label Studio looks for a task and locks it in two steps: two requests in the same milliseconds can get
    # the same task, also without any backend. On PostgreSQL it takes a row lock between the two.
    asking = threading.Lock()

    def work(token: str | None) -> list[int]:
        done = []
        for _ in range(4):
            with asking:
                handed = project.next_task(token)
            assert handed is not None
            project.submit(handed.task, token=token)
            done.append(handed.task)
        return done

    with ThreadPoolExecutor(2) as people:
        mine, theirs = people.map(work, [None, second_user.token])
    assert len({*mine, *theirs}) == 8


def test_a_personal_access_token_is_enough(
    label_studio: RunningLabelStudio, make_stack: Callable[..., RunningStack], make_project: MakeProject
) -> None:
    user = label_studio.add_user()
    personal = label_studio.personal_token(user)
    stack = make_stack(token=personal)
    project = make_project()
    project.attach(stack)
    project.wait_for_version(stack, [project.submit(project.of_class(name)[0]) for name in project.classes])
