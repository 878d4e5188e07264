"""A label config that changes while the loop runs on a real Label Studio."""

import time
from collections.abc import Callable

import pytest

from scripts.stack.image_project import label_config
from tests.support.pictures import picture
from tests.support.project import LabelledProject
from tests.support.stack import RunningStack
from tests.support.waiting import until

SETTLED_SECONDS = 2.0

MakeProject = Callable[..., LabelledProject]


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


@pytest.mark.fault("R3")
def test_a_refused_label_config_costs_no_runs_however_often_its_connections_are_listed(
    stack: RunningStack, make_project: MakeProject
) -> None:
    project = make_project(per_class=1)
    project.attach(stack)
    project.wait_for_version(stack)
    config = label_config(list(project.classes))
    project.api.change_project(project.id, label_config=config.replace('choice="single"', 'choice="multiple"'))
    until(lambda: stack.runs_of("unsupported") > 0, "the run that refuses it")
    stack.wait_until_quiet(project.id)
    refused = f"Project {project.id}:"
    until(lambda: any(refused in each for each in stack.health()["problems"]), "the web process to know it")
    before = stack.runs_of("unsupported")
    for _ in range(5):
        # Label Studio calls /setup each time, as it does for the runs' own listing.
        project.api.get_object(f"/api/ml?project={project.id}")
    time.sleep(SETTLED_SECONDS)
    assert stack.runs_of("unsupported") == before


@pytest.mark.fault("R5")
@pytest.mark.parametrize("shown", ["$photo.url", "$item.images[0].url"])
def test_an_image_that_lies_deeper_in_the_task_is_found(
    stack: RunningStack, make_project: MakeProject, shown: str
) -> None:
    config = label_config(["circle", "square"]).replace("$image", shown)
    project = make_project(per_class=0, config=config)
    pictures = [project.folder / f"{number}.png" for number in range(4)]
    for number, path in enumerate(pictures):
        path.write_bytes(picture(number % 2, number))
    addresses = [{"url": project.address_of(path)} for path in pictures]
    body = [{"data": {"photo": address, "item": {"images": [address]}}} for address in addresses]
    tasks = project.api.send_object("POST", f"/api/projects/{project.id}/import?return_task_ids=true", body)["task_ids"]
    project.attach(stack)
    version = project.wait_for_version(stack)
    assert sorted(project.predictions(version)) == tasks
