"""What is tracked is kept whole or not at all, and whatever goes wrong, `note` does not raise."""

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from backend.tracking.outbox import Outbox, Tracked
from tests.support.logs import logged_here
from tests.unit.backend.tracking.tracked import tracked

LIMIT = 3

Make = Callable[..., Tracked]


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "tracking" / "outbox", limit=LIMIT)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """`make(**changes)`: something to track, whose files lie in the test's folder."""
    return partial(tracked, tmp_path)


def test_what_is_noted_is_read_back(outbox: Outbox, make: Make) -> None:
    outbox.note(make())
    [item] = outbox.waiting()
    read = outbox.read(item)
    assert read == make(artefacts=read.artefacts)
    assert [path.name for path in read.artefacts] == ["head.safetensors", "network"]
    assert read.artefacts[0].read_bytes() == b"head"
    assert (read.artefacts[1] / "network.json").read_text() == "{}"


def test_items_are_in_the_order_in_which_they_were_noted(outbox: Outbox, make: Make) -> None:
    for name in ("b", "a", "c"):
        outbox.note(make(name=name))
    assert [outbox.read(item).name for item in outbox.waiting()] == ["b", "a", "c"]
    assert all(re.fullmatch(r"2\d{7}-\d{6}-\d{6}-[0-9a-f]{8}", item) for item in outbox.waiting())


def test_files_are_linked_and_stay_when_their_version_goes(outbox: Outbox, make: Make, tmp_path: Path) -> None:
    outbox.note(make())
    [kept, _] = outbox.read(outbox.waiting()[0]).artefacts
    assert kept.stat().st_ino == (tmp_path / "head.safetensors").stat().st_ino
    (tmp_path / "head.safetensors").unlink()
    assert kept.read_bytes() == b"head"


def test_where_a_disk_knows_no_links_files_are_copied(
    outbox: Outbox, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    outbox.note(make())
    assert outbox.read(outbox.waiting()[0]).artefacts[0].read_bytes() == b"head"


def test_files_that_are_gone_are_left_out(outbox: Outbox, make: Make, tmp_path: Path) -> None:
    outbox.note(make(artefacts=[tmp_path / "gone"]))
    assert outbox.read(outbox.waiting()[0]).artefacts == []


def test_an_item_that_fails_halfway_leaves_nothing(outbox: Outbox, make: Make) -> None:
    with logged_here() as logged:
        outbox.note(make(metrics={"accuracy": "none of your numbers"}))
    assert list(outbox.folder.iterdir()) == []
    assert [(line["event"], line["log_level"], line["name"]) for line in logged] == [("not tracked", "warning", "v1")]


def test_a_folder_that_cannot_be_written_is_no_failure(tmp_path: Path, make: Make) -> None:
    (tmp_path / "tracking").write_text("a file where the folder should be")
    with logged_here() as logged:
        Outbox(tmp_path / "tracking" / "outbox").note(make())
    assert [line["event"] for line in logged] == ["not tracked"]


def test_a_full_outbox_drops_its_oldest_and_says_so(outbox: Outbox, make: Make) -> None:
    with logged_here() as logged:
        for number in range(LIMIT + 2):
            outbox.note(make(name=f"v{number}"))
    assert [outbox.read(item).name for item in outbox.waiting()] == ["v2", "v3", "v4"]
    assert [line["event"][:18] for line in logged] == ["The outbox is full"] * 2
    assert len(list(outbox.folder.iterdir())) == LIMIT


def test_switched_off_it_keeps_nothing(tmp_path: Path, make: Make) -> None:
    Outbox(tmp_path / "outbox", enabled=False).note(make())
    assert not (tmp_path / "outbox").exists()


def test_an_item_without_its_record_is_refused_with_its_place(outbox: Outbox, make: Make) -> None:
    outbox.note(make())
    [item] = outbox.waiting()
    (outbox.folder / item / "run.json").write_text('{"experiment": ')
    with pytest.raises(ValueError, match=str(outbox.folder / item)):
        outbox.read(item)


def test_what_killed_processes_left_is_swept_after_an_hour(outbox: Outbox, make: Make) -> None:
    outbox.note(make())
    for name, age in ((".old", 3601), (".new", 3599)):
        (outbox.folder / name / "artefacts").mkdir(parents=True)
        moment = datetime.now(UTC).timestamp() - age
        os.utime(outbox.folder / name, (moment, moment))
    outbox.sweep()
    assert sorted(path.name for path in outbox.folder.iterdir()) == [".new", *outbox.waiting()]


def test_how_long_the_oldest_waits_is_known(outbox: Outbox, make: Make) -> None:
    assert outbox.waited() == 0.0
    outbox.note(make())
    os.utime(outbox.folder / outbox.waiting()[0], (0, 0))
    outbox.note(make())
    assert outbox.waited() > 1_000_000
