"""A project that is attached to the shared stack, and its first labels."""

from collections.abc import Callable

import pytest

from tests.support.project import LabelledProject
from tests.support.stack import RunningStack


@pytest.fixture
def project(stack: RunningStack, make_project: Callable[..., LabelledProject]) -> LabelledProject:
    """Twelve tasks of two classes, attached: a first version is on its way."""
    made = make_project()
    made.attach(stack)
    return made


@pytest.fixture
def labels(project: LabelledProject, stack: RunningStack) -> list[int]:
    """The annotations that the project's version is trained on: one of each class."""
    return project.label_one_of_each(stack)
