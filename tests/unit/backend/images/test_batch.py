"""Many images at once: which of them can't be had, and when it is Label Studio that can't."""

import base64
import socket
import threading
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from backend.errors import RetryLaterError
from backend.images import batch, budget
from backend.images.batch import Portion, fetch_all, fetch_by
from backend.images.budget import ByteBudget
from backend.images.fetcher import ImageFetcher
from backend.images.outcome import Fetched, FetchProblem, Unavailable
from backend.label_studio.client import LabelStudio
from backend.transport.public import read_networks
from tests.support import hostile_host
from tests.support.waiting import until
from tests.unit.backend.images.host import LIMIT, WHOAMI, Host


@pytest.fixture
def fetcher(label_studio: Host) -> ImageFetcher:
    return ImageFetcher(LabelStudio(label_studio.url, "token"), LIMIT, seconds=30.0)


def whole(portions: Iterable[Portion]) -> dict[int, Fetched]:
    """All portions in one."""
    return {task: outcome for portion in portions for task, outcome in portion.items()}


def test_each_task_has_its_own_outcome(fetcher: ImageFetcher) -> None:
    fetched = whole(fetch_all(fetcher, {1: "/a.png", 2: "/404.png", 3: "words"}))
    problems = {task: outcome.problem for task, outcome in fetched.items() if isinstance(outcome, Unavailable)}
    assert fetched[1] == b"content"
    assert problems == {2: FetchProblem.NOT_FOUND, 3: FetchProblem.NOT_AN_ADDRESS}


def test_nothing_more_is_asked_where_every_image_came(fetcher: ImageFetcher, label_studio: Host) -> None:
    whole(fetch_all(fetcher, {1: "/a.png"}))
    assert [path for path, _ in label_studio.asked] == ["/a.png"]


def test_an_outage_is_not_put_down_to_the_images(fetcher: ImageFetcher, label_studio: Host) -> None:
    label_studio.is_down = True
    with pytest.raises(RetryLaterError):
        whole(fetch_all(fetcher, {1: "/a.png"}))


def test_what_an_outage_that_is_over_cost_is_fetched_once_more(fetcher: ImageFetcher, label_studio: Host) -> None:
    label_studio.outages = 1
    assert whole(fetch_all(fetcher, {1: "/a.png"})) == {1: b"content"}


def test_an_image_that_always_fails_while_label_studio_answers_is_to_blame(
    fetcher: ImageFetcher, label_studio: Host
) -> None:
    fetched = whole(fetch_all(fetcher, {1: "/500.png"}))
    assert isinstance(fetched[1], Unavailable)
    assert [path for path, _ in label_studio.asked] == ["/500.png", WHOAMI, "/500.png", WHOAMI]


@pytest.mark.fault("S1")
def test_an_image_that_fails_is_to_blame_though_no_time_is_left_to_ask_again(fetcher: ImageFetcher) -> None:
    begun = time.monotonic()
    portions = []
    with closing(fetch_all(fetcher, {1: "/500.png", 2: "/a.png"}, begin_until=begun + 0.2)) as fetching:
        # The first answer comes when the time is over.
        slow = fetcher.label_studio.whoami
        fetcher.label_studio.whoami = lambda: (time.sleep(0.3), slow())[1]  # type: ignore[method-assign]
        portions += list(fetching)
    fetched = whole(portions)
    assert isinstance(fetched[1], Unavailable)
    assert fetched[2] == b"content"


@pytest.mark.fault("S1")
def test_a_disk_that_hangs_holds_up_its_own_image_only(fetcher: ImageFetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    hurried, released, fetch = replace(fetcher, seconds=0.5), threading.Event(), ImageFetcher.fetch

    def hang(self: ImageFetcher, address: str, task: int, *more: Any) -> Fetched:
        if task == 1:
            released.wait(60.0)
        return fetch(self, address, task, *more)

    monkeypatch.setattr(ImageFetcher, "fetch", hang)
    fetched = whole(fetch_all(hurried, {1: "/a.png", 2: "/a.png"}, begin_until=time.monotonic() + 0.5))
    assert not released.is_set()
    released.set()
    assert fetched[1] == batch.LEFT_BEHIND
    assert fetched[2] == b"content"


def test_at_the_deadline_there_is_what_came_until_then(fetcher: ImageFetcher) -> None:
    started = time.monotonic()
    fetched = whole(fetch_by(started + 0.5, fetcher, {1: "/a.png", 2: "/never.png"}))
    assert time.monotonic() - started < 15.0  # Half of what the fetcher would wait without one.
    assert fetched[1] == b"content"
    assert isinstance(fetched[2], Unavailable)
    assert fetched[2].problem is FetchProblem.TIMED_OUT


@pytest.mark.fault("S1")
def test_large_images_come_in_portions_that_fit(label_studio: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    size, count = 20_000, 32
    monkeypatch.setattr(batch, "PORTION_BYTES", 3 * size)
    monkeypatch.setattr(budget, "BYTES_FREE", 0)
    fetcher = ImageFetcher(LabelStudio(label_studio.url, "token"), size, seconds=30.0)
    vars(fetcher)["budget"] = ByteBudget(5 * size)
    data = base64.b64encode(bytes(size)).decode()
    portions = list(fetch_all(fetcher, dict.fromkeys(range(count), f"data:;base64,{data}")))
    assert all(0 < len(portion) <= 5 for portion in portions)
    assert [task for portion in portions for task in sorted(portion)] == list(range(count))


@pytest.mark.fault("S1")
def test_where_others_hold_all_room_the_rest_is_left_for_later(
    label_studio: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "BYTES_FREE", 0)
    fetcher = ImageFetcher(LabelStudio(label_studio.url, "token"), LIMIT, seconds=30.0)
    vars(fetcher)["budget"] = ByteBudget(LIMIT)
    others = fetcher.budget.share()
    others.take(LIMIT)
    addresses = {1: "/a.png", 2: "data:,content"}
    assert whole(fetch_all(fetcher, addresses)) == {}
    assert set(whole(fetch_by(time.monotonic() + 20.0, fetcher, addresses))) == {1, 2}
    others.give_back(LIMIT)
    assert whole(fetch_all(fetcher, addresses)) == {1: b"content", 2: b"content"}


@pytest.mark.fault("S1")
def test_where_label_studio_is_away_the_images_that_came_take_no_room_any_more(
    fetcher: ImageFetcher, label_studio: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "BYTES_FREE", 0)
    label_studio.is_down = True
    with pytest.raises(RetryLaterError):
        whole(fetch_all(fetcher, {1: "data:,content", 2: "/a.png"}))
    assert fetcher.budget.move(fetcher.budget.total)


@pytest.mark.fault("S1")
def test_who_stops_in_between_leaves_all_room_to_others(fetcher: ImageFetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "BYTES_FREE", 0)
    for portions in (fetch_all(fetcher, {1: "/a.png"}), fetch_by(time.monotonic() + 20.0, fetcher, {1: "/a.png"})):
        with closing(portions):
            assert next(portions) == {1: b"content"}
            assert not fetcher.budget.move(fetcher.budget.total)
        assert fetcher.budget.move(fetcher.budget.total)
        fetcher.budget.move(-fetcher.budget.total)


@pytest.mark.fault("S1")
def test_no_thread_is_left_behind_by_a_request_that_ran_out_of_time(label_studio: Host) -> None:
    fetcher = ImageFetcher(
        LabelStudio(label_studio.url, "token"), LIMIT, 30.0, allow_private=read_networks("127.0.0.0/8")
    )
    with hostile_host.serving(hostile_host.drip(b"x", before=b"HTTP/1.1 200 OK\r\n\r\n")) as host:
        for _ in range(3):
            whole(fetch_by(time.monotonic() + 0.2, fetcher, dict.fromkeys(range(16), host.url)))
    until(lambda: not [each for each in threading.enumerate() if each.name.startswith("fetch")], "the threads to end")


@pytest.mark.fault("S1")
def test_images_that_are_not_begun_in_time_have_no_outcome(fetcher: ImageFetcher) -> None:
    assert whole(fetch_all(fetcher, {1: "/a.png"}, begin_until=time.monotonic())) == {}


@pytest.mark.fault("S1")
def test_an_image_that_was_begun_has_its_whole_time(fetcher: ImageFetcher) -> None:
    with hostile_host.serving(slowly(b"content", 0.5)) as slow:
        allowed = ImageFetcher(fetcher.label_studio, LIMIT, 30.0, allow_private=read_networks("127.0.0.0/8"))
        begin_until = time.monotonic() + 0.2
        assert whole(fetch_all(allowed, {1: slow.url}, begin_until)) == {1: b"content"}


def slowly(content: bytes, seconds: float) -> hostile_host.Answer:
    def answer(connection: socket.socket) -> None:
        time.sleep(seconds)
        connection.sendall(hostile_host.ok(content))

    return answer
