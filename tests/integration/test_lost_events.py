"""Events that never arrive, with the settings that a new installation has."""

from collections.abc import Callable

from tests.support.project import LabelledProject
from tests.support.stack import RunningStack

MINUTE = 60.0


def test_a_last_event_that_was_lost_is_noticed_within_a_minute(
    make_stack: Callable[..., RunningStack], make_project: Callable[..., LabelledProject]
) -> None:
    stack, project = make_stack(), make_project()
    project.attach(stack)
    labels = [project.submit(project.of_class(name)[0]) for name in project.classes]
    project.wait_for_version(stack, labels)
    for hook in project.api.webhooks(project.id):
        project.api.delete(f"/api/webhooks/{hook['id']}/")
    project.wait_for_version(stack, [*labels, project.submit(project.tasks[5])], seconds=MINUTE)
