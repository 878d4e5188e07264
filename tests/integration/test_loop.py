"""The loop on a real Label Studio: what annotators do there, and what becomes of it."""

from collections.abc import Callable

import pytest

from tests.support.project import LabelledProject
from tests.support.stack import RunningStack

pytestmark = pytest.mark.integration


def test_the_first_version_orders_every_task_without_a_pre_annotation(
    stack: RunningStack, make_project: Callable[..., LabelledProject]
) -> None:
    project = make_project()
    project.attach(stack)
    project.wait_for_version(stack)
    predictions = project.predictions()
    assert sorted(predictions) == project.tasks
    assert all(each.score is not None and 0 <= each.score <= 1 for each in predictions.values())
    assert {each.choice for each in predictions.values()} == {None}
