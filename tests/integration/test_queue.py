"""What a version publishes to a real Label Studio, and what becomes of older predictions."""

from collections.abc import Callable

from backend.label_studio.client import LabelStudio
from scripts.stack.image_project import choice_region
from tests.support.label_studio import RunningLabelStudio
from tests.support.pictures import picture
from tests.support.project import LabelledProject
from tests.support.stack import RunningStack
from tests.support.waiting import until

MakeProject = Callable[..., LabelledProject]


def test_the_first_version_orders_every_task_without_a_pre_annotation(
    project: LabelledProject, stack: RunningStack
) -> None:
    project.wait_for_version(stack)
    predictions = project.predictions()
    assert sorted(predictions) == project.tasks
    assert all(each.score is not None and 0 <= each.score <= 1 for each in predictions.values())
    assert {each.choice for each in predictions.values()} == {None}


def test_next_task_is_the_lowest_of_the_active_version(
    project: LabelledProject, labels: list[int], stack: RunningStack
) -> None:
    stack.wait_until_quiet(project.id)
    handed = project.next_task()
    assert handed is not None
    assert handed.task == project.lowest_unlabelled()


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
    numbers = {each["id"] for each in project.all_predictions() if each["task"] == project.tasks[5]}
    assert {each.id for each in asking.predictions(project.id, [project.tasks[5]])} == numbers
    assert asking.predictions(make_project().id, [project.tasks[5]]) == []


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


def test_a_version_that_somebody_chose_by_hand_stays_until_the_next_label(
    project: LabelledProject, labels: list[int], stack: RunningStack
) -> None:
    first = stack.versions(project.id)[0]
    project.api.change_project(project.id, model_version=first)
    stack.call("POST", "/webhook", json={"action": "START_TRAINING", "project": {"id": project.id}})
    stack.wait_until_quiet(project.id)
    assert project.active_version() == first
    project.wait_for_version(stack, [*labels, project.submit(project.tasks[5])])


def test_the_last_label_of_a_project_is_learned_too(
    project: LabelledProject, labels: list[int], stack: RunningStack
) -> None:
    labelled = {project.of_class(name)[0] for name in project.classes}
    rest = [project.submit(task) for task in project.tasks if task not in labelled]
    project.wait_for_version(stack, [*labels, *rest])
