"""Predictions of another model on a real Label Studio: used while there is nothing better."""

from collections.abc import Callable

from tests.support.project import LabelledProject
from tests.support.stack import RunningStack


def test_what_another_model_predicts_is_shown_as_ours_and_stays(
    stack: RunningStack, make_project: Callable[..., LabelledProject]
) -> None:
    project = make_project(per_class=6)
    wrong = {task: next(name for name in project.classes if name != project.truth[task]) for task in project.tasks}
    predictions = [
        {"task": task, "result": project.result(choice), "score": 0.9 - number / 100, "model_version": "clip"}
        for number, (task, choice) in enumerate(wrong.items())
    ]
    project.api.send_object("POST", f"/api/projects/{project.id}/import/predictions", predictions)
    project.attach(stack)
    first = project.wait_for_version(stack)
    shown = project.predictions(first)
    assert {task: each.choice for task, each in shown.items()} == wrong
    made = [project.submit(task) for task in project.tasks[:4]]
    version = project.wait_for_version(stack, made)
    told = stack.version(project.id, version)
    assert told is not None
    assert told["foreign"]["blocked"]
    shown = project.predictions(version)
    assert {task: shown[task].choice for task in project.tasks[4:]} == {task: wrong[task] for task in project.tasks[4:]}
    assert sum(each["model_version"] == "clip" for each in project.all_predictions()) == len(wrong)
