"""Events that never arrive, with the settings that a new installation has."""

import time
from collections.abc import Callable

from tests.support.machine import Slowness
from tests.support.project import LabelledProject
from tests.support.stack import RunningStack

MINUTE = 60.0
"""On a quiet machine."""


def test_a_last_event_that_was_lost_is_noticed_within_a_minute(
    make_stack: Callable[..., RunningStack], make_project: Callable[..., LabelledProject]
) -> None:
    stack, project = make_stack(), make_project()
    project.attach(stack)
    labels = [project.submit(project.of_class(name)[0]) for name in project.classes]
    project.wait_for_version(stack, labels)
    for hook in project.api.webhooks(project.id):
        project.api.delete(f"/api/webhooks/{hook['id']}/")
    labels.append(project.submit(project.tasks[5]))
    lost = time.monotonic()
    with Slowness() as slowness:
        project.wait_for_version(stack, labels)
    assert (time.monotonic() - lost) / slowness.factor < MINUTE
