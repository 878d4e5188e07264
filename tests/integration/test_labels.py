"""What counts as a label on a real Label Studio, and what a version is trained on."""

from tests.support.project import LabelledProject
from tests.support.stack import RunningStack


def test_one_label_of_each_of_two_classes_is_enough_to_predict(project: LabelledProject, labels: list[int]) -> None:
    predictions = project.predictions()
    unlabelled = [task for name in project.classes for task in project.of_class(name)[1:]]
    assert {task: predictions[task].choice for task in unlabelled} == {task: project.truth[task] for task in unlabelled}


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
