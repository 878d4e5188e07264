"""Hints: which events are one (the contract's tests show the rest); delivered in the background, kept meanwhile."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from backend.label_studio import webhook
from backend.label_studio.webhook import Event
from backend.project import Project
from backend.store.ours import chosen_by_hand
from backend.store.records.mirror import NOT_CONNECTED, MirroredProject
from backend.web.upkeep.background import Background
from backend.web.upkeep.hints import Hints, projects_hinted_at
from tests.support.waiting import until

ONE, TWO = (Project("http://label-studio.example", number) for number in (1, 2))
CONFIG = "<View/>"
CONNECTED = MirroredProject(
    project=ONE,
    title="",
    label_config=CONFIG,
    model_version="",
    sampling="",
    watermark=None,
    compared_at=None,
    active_version="20260101-000000-000",
    refreshed_version=None,
    problem=None,
)
DISCONNECTED = replace(CONNECTED, project=TWO, problem=NOT_CONNECTED)
KNOWN = {1: CONNECTED, 2: DISCONNECTED}


class Receiver:
    """Takes hints, or refuses them as a Redis that is away does."""

    def __init__(self) -> None:
        self.away = False
        self.got: list[Project] = []
        self.refused = 0

    def __call__(self, project: Project) -> None:
        if self.away:
            self.refused += 1
            raise RedisConnectionError("away")
        self.got.append(project)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def hints(receiver: Receiver) -> Iterator[Hints]:
    """Hints that a thread delivers."""
    made, background = Hints(receiver), Background()
    background.run(made.run)
    yield made
    made.stop()


def test_a_hint_is_handed_on(hints: Hints, receiver: Receiver) -> None:
    hints.add(ONE)
    until(lambda: receiver.got == [ONE], "the hint")


def test_hints_are_kept_while_nobody_takes_them(hints: Hints, receiver: Receiver) -> None:
    receiver.away = True
    hints.add(ONE)
    until(lambda: receiver.refused, "a refusal")
    hints.add(TWO)
    hints.add(ONE)
    receiver.away = False
    until(lambda: {ONE, TWO} <= set(receiver.got), "both hints")


def test_nothing_is_handed_on_after_the_end(receiver: Receiver) -> None:
    receiver.away = True
    hints = Hints(receiver)
    thread = threading.Thread(target=hints.run, daemon=True)
    thread.start()
    hints.add(ONE)
    until(lambda: receiver.refused, "a refusal")
    hints.stop()
    receiver.away = False
    thread.join(5)
    assert not thread.is_alive()
    assert receiver.got == []


def test_an_event_that_names_no_project_is_about_the_connected_ones() -> None:
    assert projects_hinted_at(Event(webhook.ANNOTATION_CREATED, None, None), KNOWN) == [1]


def test_an_event_of_a_disconnected_project_is_reason_to_look_at_it() -> None:
    assert projects_hinted_at(Event(webhook.ANNOTATION_CREATED, 2, CONFIG), KNOWN) == [2]


def test_an_automatic_annotation_is_our_own() -> None:
    assert projects_hinted_at(Event(webhook.ANNOTATION_CREATED, 1, CONFIG, automatic=True), KNOWN) == []


@pytest.mark.parametrize(
    "known",
    [
        {},
        {1: replace(CONNECTED, problem=NOT_CONNECTED)},
        {1: replace(CONNECTED, active_version=None)},
    ],
    ids=["unknown", "not connected", "without a version"],
)
def test_a_project_that_we_can_not_have_switched_was_changed_by_somebody(known: dict[int, MirroredProject]) -> None:
    assert projects_hinted_at(Event(webhook.PROJECT_UPDATED, 1, CONFIG), known) == [1]


@pytest.mark.fault("R3")
@pytest.mark.parametrize("action", sorted(webhook.ACTIONS))
@pytest.mark.parametrize("told", [CONFIG, None], ids=["its label config", "nothing"])
def test_an_event_of_a_refused_project_is_no_hint_as_long_as_its_config_stays(action: str, told: str | None) -> None:
    refused = {1: replace(CONNECTED, problem="The label config has 0 Image tags.")}
    assert projects_hinted_at(Event(action, 1, told), refused) == []
    assert projects_hinted_at(Event(action, None, None), refused) == []
    assert projects_hinted_at(Event(action, 1, "<View><Image/></View>"), refused) == [1]


@pytest.mark.fault("R9")
@pytest.mark.parametrize("action", [webhook.PROJECT_UPDATED, webhook.ANNOTATION_CREATED])
def test_a_project_that_another_model_was_chosen_for_may_be_ours_again(action: str) -> None:
    chosen = {1: replace(CONNECTED, problem=chosen_by_hand("other", "Label Loop"))}
    assert projects_hinted_at(Event(action, 1, CONFIG), chosen) == [1]
