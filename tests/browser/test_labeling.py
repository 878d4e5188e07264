"""What an annotator sees on *Label All Tasks* while the loop runs."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from scripts.lab.datasets import DigitsSource
from scripts.stack.client import ShownPrediction
from tests.browser.annotator import BrowserAnnotator
from tests.support.project import LabelledProject
from tests.support.stack import RunningStack

LABELLED_DIGITS = 40
OPEN_DIGITS = 20


@pytest.fixture
def project(make_project: Callable[..., LabelledProject], stack: RunningStack) -> LabelledProject:
    made = make_project(per_class=8)
    made.attach(stack)
    made.wait_for_version(stack)
    return made


def lowest(predictions: dict[int, ShownPrediction], tasks: set[int]) -> int:
    """The task of these that the version asks first."""
    # What is far behind in the queue gets its prediction while nobody labels.
    return min(tasks & predictions.keys(), key=lambda task: (predictions[task].score or 0.0, task))


def test_the_first_task_shows_its_image_and_no_choice_before_there_is_a_model(
    annotator: BrowserAnnotator, project: LabelledProject
) -> None:
    shown = annotator.label_all_tasks(project.id)
    assert shown == lowest(project.predictions(), set(project.tasks))
    assert annotator.image_size() == (64, 64)
    assert annotator.chosen() == []


def test_the_model_s_choice_is_selected_on_opening(
    annotator: BrowserAnnotator, project: LabelledProject, stack: RunningStack
) -> None:
    project.label_one_of_each(stack)
    predictions = project.predictions()
    shown = annotator.label_all_tasks(project.id)
    assert annotator.chosen() == [predictions[shown].choice]


def test_each_submit_is_answered_by_the_lowest_score_of_the_active_version(
    annotator: BrowserAnnotator, project: LabelledProject, stack: RunningStack
) -> None:
    labels = project.label_one_of_each(stack)
    unlabelled = set(project.tasks) - {project.of_class(name)[0] for name in project.classes}
    shown = annotator.label_all_tasks(project.id)
    for _ in range(4):
        before = project.predictions()
        annotator.choose(project.truth[shown])
        unlabelled.remove(shown)
        then = annotator.submit()
        after = project.predictions()
        # A new version may become active between the submit and the page's request for the next task.
        assert then in {lowest(before, unlabelled), lowest(after, unlabelled)}
        assert annotator.chosen() in ([before[then].choice], [after[then].choice])
        labels.append(annotation_of(project, shown))
        project.wait_for_version(stack, labels)
        shown = then


def annotation_of(project: LabelledProject, task: int) -> int:
    """The task's only annotation, which must say the true class."""
    (made,) = project.api.get_object(f"/api/tasks/{task}")["annotations"]
    assert made["result"][0]["value"]["choices"] == [project.truth[task]]
    return int(made["id"])


def test_the_page_of_the_readme_shows_a_digit_with_its_choice_selected(
    annotator: BrowserAnnotator, make_project: Callable[..., LabelledProject], stack: RunningStack, picture: Path
) -> None:
    project = digits(make_project)
    project.attach(stack)
    project.wait_for_version(stack)
    project.wait_for_version(stack, [project.submit(task) for task in project.tasks[:LABELLED_DIGITS]])
    annotator.label_all_tasks(project.id)
    assert len(annotator.chosen()) == 1
    annotator.look(picture)
    assert Image.open(picture).size == (1280, 800)
    assert picture.stat().st_size <= 300_000


def digits(make_project: Callable[..., LabelledProject]) -> LabelledProject:
    """The first of scikit-learn's handwritten digits, by their true classes."""
    source = DigitsSource()
    project = make_project(classes=source.classes, per_class=0)
    project.api.change_project(project.id, title="Handwritten digits")
    addresses = []
    for image in source.read(range(LABELLED_DIGITS + OPEN_DIGITS)):
        path = project.folder / f"{image.index:04d}{image.suffix}"
        path.write_bytes(image.content)
        addresses.append(project.address_of(path))
    project.truth.update(zip(project.add_addresses(addresses), source.labels, strict=False))
    return project
