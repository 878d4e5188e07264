"""Numbers of projects that nobody knows: asked for together, not again and again, and none is forgotten."""

import threading
from collections.abc import Collection, Iterator, Sequence

import pytest

from backend.web.upkeep import newcomers
from backend.web.upkeep.newcomers import Newcomers
from tests.support.waiting import until

pytestmark = pytest.mark.fault("S14")


class LabelStudioOfNumbers:
    """Has projects of some numbers.

    Attributes:
        numbers: of its projects.
        asked: what it was asked for, call by call.
        admitted: what was let in.
    """

    def __init__(self) -> None:
        self.numbers: set[int] = set()
        self.asked: list[tuple[int, ...]] = []
        self.admitted: list[int] = []

    def existing(self, asked: Sequence[int]) -> Collection[int]:
        self.asked.append(tuple(asked))
        return self.numbers.intersection(asked)


@pytest.fixture
def label_studio() -> LabelStudioOfNumbers:
    return LabelStudioOfNumbers()


@pytest.fixture
def door(label_studio: LabelStudioOfNumbers, monkeypatch: pytest.MonkeyPatch) -> Iterator[Newcomers]:
    monkeypatch.setattr(newcomers, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(newcomers, "REMEMBERED_SECONDS", 0.5)
    made = Newcomers(label_studio.existing, label_studio.admitted.append)
    threading.Thread(target=made.run, daemon=True).start()
    yield made
    made.stop()


def test_a_number_that_becomes_a_projects_while_it_is_remembered_as_none_is_let_in(
    door: Newcomers, label_studio: LabelStudioOfNumbers
) -> None:
    door.add(7)
    until(lambda: label_studio.asked, "the first question")
    label_studio.numbers.add(7)
    # The only event that this project ever sends.
    door.add(7)
    until(lambda: label_studio.admitted == [7], "the project to be let in")
    assert len(label_studio.asked) == 2
