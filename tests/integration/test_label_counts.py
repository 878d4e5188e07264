"""Which annotations are labels on a real Label Studio, and that people are told of those that are not."""

from typing import Any

import pytest

from scripts.stack.image_project import label_config
from tests.support.project import LabelledProject
from tests.support.stack import RunningStack
from tests.support.waiting import until


def import_annotated(project: LabelledProject, result: object, count: int = 1) -> list[int]:
    """Import tasks with an annotation of this result, and one of the project's images."""
    address = project.api.get_object(f"/api/tasks/{project.tasks[0]}")["data"]["image"]
    bodies = [{"data": {"image": address}, "annotations": [{"result": result}]} for _ in range(count)]
    answer = project.api.send_object("POST", f"/api/projects/{project.id}/import?return_task_ids=true", bodies)
    return [int(task) for task in answer["task_ids"]]


def create_annotations_from_predictions(project: LabelledProject, tasks: list[int]) -> None:
    """The Data Manager's action."""
    chosen = {"selectedItems": {"all": False, "included": tasks}}
    project.api.send_object("POST", f"/api/dm/actions?id=predictions_to_annotations&project={project.id}", chosen)


def counts(stack: RunningStack, project: LabelledProject) -> dict[str, Any]:
    told: dict[str, Any] = stack.call("GET", f"/api/projects/{project.id}/insight").json()
    return told["label_counts"] or {}


def wait_for(stack: RunningStack, project: LabelledProject, **wanted: object) -> None:
    until(lambda: wanted.items() <= counts(stack, project).items(), f"{wanted} to be counted", more=stack.log_tail)


@pytest.mark.fault("R7")
def test_an_odd_annotation_stops_nothing_and_is_counted(
    project: LabelledProject, labels: list[int], stack: RunningStack
) -> None:
    region = {"from_name": "choice", "to_name": "image", "type": "choices", "value": ["red"]}
    import_annotated(project, [region])
    project.wait_for_version(stack, [*labels, project.submit(project.tasks[5])])
    wait_for(stack, project, odd=1, people=3)


@pytest.mark.fault("R10")
def test_a_person_wins_over_an_import_and_a_later_mark_over_the_person(
    project: LabelledProject, labels: list[int], stack: RunningStack
) -> None:
    corrected, marked = import_annotated(project, project.result("circle"), 2)
    weak = project.api.get_object(f"/api/tasks/{marked}")["annotations"][0]
    assert weak["ground_truth"], "Label Studio flags imports no longer"
    people = [project.submit(task, "square") for task in (corrected, marked)]
    version = project.wait_for_version(stack, [*labels, *people])
    assert {stack.labels_of(project.id, version)[task] for task in (corrected, marked)} == {"square"}
    project.api.send_object("PATCH", f"/api/annotations/{weak['id']}/", {"ground_truth": True})
    version = project.wait_for_version(stack, [*labels, people[0], int(weak["id"])])
    assert stack.labels_of(project.id, version)[marked] == "circle"


@pytest.mark.fault("R15")
def test_annotations_made_of_predictions_are_no_labels_until_somebody_updates_one(
    project: LabelledProject, labels: list[int], stack: RunningStack
) -> None:
    accepted = project.tasks[5:8]
    create_annotations_from_predictions(project, accepted)
    wait_for(stack, project, unseen=len(accepted), people=2)
    version = project.wait_for_version(stack, labels)
    assert not set(accepted) & stack.labels_of(project.id, version).keys()
    made = project.api.get_object(f"/api/tasks/{accepted[0]}")["annotations"][0]
    project.api.send_object("PATCH", f"/api/annotations/{made['id']}/", {"result": made["result"], "lead_time": 2.0})
    project.wait_for_version(stack, [*labels, int(made["id"])])
    wait_for(stack, project, unseen=len(accepted) - 1, people=3)


@pytest.mark.fault("R13")
def test_labels_of_a_class_that_was_renamed_are_counted_by_its_old_name(
    project: LabelledProject, labels: list[int], stack: RunningStack
) -> None:
    project.api.change_project(project.id, label_config=label_config(["round", "square"]))
    wait_for(stack, project, dropped={"circle": 1}, people=1)
