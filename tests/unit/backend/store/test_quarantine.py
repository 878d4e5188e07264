"""What can't be read goes out of the way, with a reason."""

import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.store.quarantine import FOLDER, Quarantine


@pytest.fixture
def quarantine(tmp_path: Path) -> Quarantine:
    return Quarantine(tmp_path)


def read_json(path: Path) -> Any:
    return json.loads(path.read_text())["value"]


def torn(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"value": 1')
    return path


@pytest.mark.fault("S5")
def test_a_torn_file_is_set_aside_with_a_reason(quarantine: Quarantine, tmp_path: Path) -> None:
    file = torn(tmp_path / "versions" / "7-ab" / "version.json")
    assert quarantine.read(file, read_json, lost="The undo list is lost.") is None
    (told,) = quarantine.all()
    assert not file.exists()
    assert (tmp_path / FOLDER / told.name / "version.json").read_text() == '{"value": 1'
    assert (told.path, told.lost) == ("versions/7-ab/version.json", "The undo list is lost.")
    assert told.reason.startswith("JSONDecodeError: ")


def test_what_is_put_away_is_not_told_as_damaged(quarantine: Quarantine, tmp_path: Path) -> None:
    (tmp_path / "file.json").write_text("{}")
    quarantine.put_away(tmp_path / "file.json", "its project is another one now")
    (told,) = quarantine.all()
    assert (told.damaged, told.reason) == (False, "its project is another one now")


@pytest.mark.parametrize("content", [b"", b"\xff\x00garbage", b"[]", b"{}", b"5", b"null"])
def test_whatever_the_file_holds(content: bytes, quarantine: Quarantine, tmp_path: Path) -> None:
    (tmp_path / "file.json").write_bytes(content)
    assert quarantine.read(tmp_path / "file.json", read_json) is None
    assert len(quarantine.all()) == 1


def test_a_folder_where_a_file_belongs_is_set_aside(quarantine: Quarantine, tmp_path: Path) -> None:
    (tmp_path / "file.json").mkdir()
    assert quarantine.read(tmp_path / "file.json", read_json) is None
    assert not (tmp_path / "file.json").exists()


def test_what_it_is_a_part_of_goes_with_it(quarantine: Quarantine, tmp_path: Path) -> None:
    file = torn(tmp_path / "v1" / "version.json")
    assert quarantine.read(file, read_json, whole=file.parent) is None
    assert not file.parent.exists()


def test_a_missing_file_is_no_damage(quarantine: Quarantine, tmp_path: Path) -> None:
    assert quarantine.read(tmp_path / "file.json", read_json) is None
    assert quarantine.all() == []


@pytest.mark.fault("S5")
@pytest.mark.parametrize("number", [28, 30, 24, 5, 13, 1])
def test_a_disk_that_is_full_fails_or_is_closed_to_us_is_no_damage(
    number: int, quarantine: Quarantine, tmp_path: Path
) -> None:
    file = torn(tmp_path / "file.json")

    def fail(path: Path) -> Any:
        raise OSError(number, "said by the system", str(path))

    with pytest.raises(OSError, match="said by the system"):
        quarantine.read(file, fail)
    assert file.exists()


def test_a_file_that_was_made_anew_meanwhile_stays(quarantine: Quarantine, tmp_path: Path) -> None:
    file, waiting = torn(tmp_path / "file.json"), threading.Event()

    def read(path: Path) -> Any:
        try:
            return read_json(path)
        finally:
            if not waiting.is_set():
                waiting.set()
                path.write_text('{"value": 2}')

    assert quarantine.read(file, read) == 2
    assert quarantine.all() == []


def test_a_file_in_the_way_of_a_folder_is_set_aside(quarantine: Quarantine, tmp_path: Path) -> None:
    (tmp_path / "versions").write_text("no folder")
    quarantine.make_folder(tmp_path / "versions" / "7-ab")
    assert (tmp_path / "versions" / "7-ab").is_dir()
    assert [each.path for each in quarantine.all()] == ["versions"]


def test_an_unreadable_note_is_told_of(quarantine: Quarantine, tmp_path: Path) -> None:
    quarantine.read(torn(tmp_path / "file.json"), read_json)
    next((tmp_path / FOLDER).glob("*/reason.json")).write_text("garbage")
    assert len(quarantine.all()) == 1


@pytest.mark.fault("S13")
def test_what_was_set_aside_long_ago_is_removed(quarantine: Quarantine, tmp_path: Path) -> None:
    quarantine.read(torn(tmp_path / "file.json"), read_json)
    assert quarantine.sweep(timedelta(days=1)) == 0
    assert quarantine.sweep(timedelta()) == 1
    assert quarantine.all() == []
