"""Local files: read where this machine has them, and never anything but files."""

import os
import stat
from pathlib import Path

import pytest

from backend.images.budget import unlimited
from backend.images.disk import read_file
from backend.images.outcome import FetchProblem, UnavailableError

LIMIT = 1000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "documents"
    made.mkdir()
    (made / "a.png").write_bytes(b"content")
    return made


def read(root: Path, named: str) -> bytes | None:
    return read_file(root, named, LIMIT, unlimited)


@pytest.mark.parametrize("named", ["a.png", "/a.png", "x/../a.png", "./a.png"])
def test_a_file_is_read(root: Path, named: str) -> None:
    assert read(root, named) == b"content"


@pytest.mark.fault("S12")
def test_a_loop_of_links_is_no_file(root: Path) -> None:
    (root / "loop").symlink_to(root / "loop")
    (root / "there").symlink_to(root / "back")
    (root / "back").symlink_to(root / "there")
    assert [read(root, named) for named in ("loop", "loop/a.png", "there", "there/a.png")] == [None] * 4


@pytest.mark.fault("S12")
@pytest.mark.timeout(30)
def test_a_pipe_that_nobody_writes_to_is_no_file(root: Path) -> None:
    os.mkfifo(root / "pipe")
    assert read(root, "pipe") is None


@pytest.mark.fault("S12")
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/stdin"])
def test_devices_are_no_files(device: str) -> None:
    assert read(Path("/"), device) is None


@pytest.mark.fault("S12")
@pytest.mark.parametrize("named", ["", ".", "a\0.png", "x" * 5000, "a/" * 3000, "a.png/b", "\udcff.png", "missing.png"])
def test_what_can_be_no_file_is_none(root: Path, named: str) -> None:
    assert read(root, named) is None


@pytest.mark.fault("S12")
def test_a_file_that_may_not_be_read_is_asked_of_label_studio(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> int:
        raise PermissionError

    monkeypatch.setattr(os, "open", denied)
    assert read(root, "a.png") is None


@pytest.mark.fault("S12")
def test_a_huge_file_is_refused_without_being_read(root: Path) -> None:
    with (root / "huge.png").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UnavailableError) as refused:
        read(root, "huge.png")
    assert refused.value.problem is FetchProblem.TOO_LARGE


@pytest.mark.fault("S12")
def test_of_a_file_that_grows_no_more_is_read_than_was_announced(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []

    def grow(size: int) -> None:
        taken.append(size)
        (root / "a.png").write_bytes(bytes(100_000))

    assert len(read_file(root, "a.png", LIMIT, grow) or b"") == sum(taken) == 7
    assert stat.S_ISREG((root / "a.png").stat().st_mode)
