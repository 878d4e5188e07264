"""Many images at once: which of them can't be had, and when it is Label Studio that can't."""

import time

import pytest

from backend.errors import RetryLaterError
from backend.images.batch import fetch_all, fetch_by
from backend.images.fetcher import ImageFetcher, Problem, Unavailable
from backend.label_studio.client import LabelStudio
from tests.unit.backend.images.host import LIMIT, WHOAMI, Host


@pytest.fixture
def fetcher(label_studio: Host) -> ImageFetcher:
    return ImageFetcher(LabelStudio(label_studio.url, "token"), LIMIT, seconds=30.0)


def test_each_task_has_its_own_outcome(fetcher: ImageFetcher) -> None:
    fetched = fetch_all(fetcher, {1: "/a.png", 2: "/404.png", 3: "words"})
    problems = {task: outcome.problem for task, outcome in fetched.items() if isinstance(outcome, Unavailable)}
    assert fetched[1] == b"content"
    assert problems == {2: Problem.NOT_FOUND, 3: Problem.NOT_AN_ADDRESS}


def test_nothing_more_is_asked_where_every_image_came(fetcher: ImageFetcher, label_studio: Host) -> None:
    fetch_all(fetcher, {1: "/a.png"})
    assert [path for path, _ in label_studio.asked] == ["/a.png"]


def test_an_outage_is_not_put_down_to_the_images(fetcher: ImageFetcher, label_studio: Host) -> None:
    label_studio.is_down = True
    with pytest.raises(RetryLaterError):
        fetch_all(fetcher, {1: "/a.png"})


def test_what_an_outage_that_is_over_cost_is_fetched_once_more(fetcher: ImageFetcher, label_studio: Host) -> None:
    label_studio.outages = 1
    assert fetch_all(fetcher, {1: "/a.png"}) == {1: b"content"}


def test_an_image_that_always_fails_while_label_studio_answers_is_to_blame(
    fetcher: ImageFetcher, label_studio: Host
) -> None:
    fetched = fetch_all(fetcher, {1: "/500.png"})
    assert isinstance(fetched[1], Unavailable)
    assert [path for path, _ in label_studio.asked] == ["/500.png", WHOAMI, "/500.png", WHOAMI]


def test_at_the_deadline_there_is_what_came_until_then(fetcher: ImageFetcher) -> None:
    started = time.monotonic()
    fetched = fetch_by(started + 0.5, fetcher, {1: "/a.png", 2: "/never.png"})
    assert time.monotonic() - started < 15.0  # Half of what the fetcher would wait without one.
    assert fetched[1] == b"content"
    assert isinstance(fetched[2], Unavailable)
    assert fetched[2].problem is Problem.TIMED_OUT
