"""Several annotators at work in a real Label Studio, and tokens of other users."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from scripts.stack.accounts import User
from tests.support.label_studio import RunningLabelStudio
from tests.support.project import LabelledProject
from tests.support.stack import RunningStack

MakeProject = Callable[..., LabelledProject]


def test_two_users_get_the_lowest_task_that_the_other_does_not_have(
    project: LabelledProject, labels: list[int], stack: RunningStack, second_user: User
) -> None:
    stack.wait_until_quiet(project.id)
    first, second = project.next_task(), project.next_task(second_user.token)
    assert first is not None
    assert second is not None
    assert first.task == project.lowest_unlabelled()
    assert second.task == project.lowest_unlabelled(locked=[first.task])
    version = project.wait_for_version(stack, [*labels, project.submit(first.task)])
    third = project.next_task()
    assert third is not None
    assert third.task == project.lowest_unlabelled(locked=[second.task])
    assert project.active_version() == version


def test_two_users_at_work_at_once_never_get_the_same_task(
    project: LabelledProject, labels: list[int], second_user: User
) -> None:
    # On SQLite, Label Studio looks for a task and locks it in two steps: two requests in the same milliseconds can get
    # the same task, also without any backend. On PostgreSQL it takes a row lock between the two.
    asking = threading.Lock()

    def work(token: str | None) -> list[int]:
        done = []
        for _ in range(4):
            with asking:
                handed = project.next_task(token)
            assert handed is not None
            project.submit(handed.task, token=token)
            done.append(handed.task)
        return done

    with ThreadPoolExecutor(2) as people:
        mine, theirs = people.map(work, [None, second_user.token])
    assert len({*mine, *theirs}) == 8


def test_a_personal_access_token_is_enough(
    label_studio: RunningLabelStudio, make_stack: Callable[..., RunningStack], make_project: MakeProject
) -> None:
    user = label_studio.add_user()
    personal = label_studio.personal_token(user)
    stack = make_stack(token=personal)
    project = make_project()
    project.attach(stack)
    project.wait_for_version(stack, [project.submit(project.of_class(name)[0]) for name in project.classes])
