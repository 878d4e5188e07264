"""A second web process on the same MODEL_DIR is noticed by both."""

from pathlib import Path

from backend.web.health.alone import Presence


def test_one_process_is_alone_and_two_are_not(tmp_path: Path) -> None:
    first, second = Presence(tmp_path), Presence(tmp_path)
    assert first.is_alone()
    assert first.is_alone()
    assert not second.is_alone()
    assert not first.is_alone()


def test_who_leaves_is_not_noticed_any_more(tmp_path: Path) -> None:
    first, second = Presence(tmp_path), Presence(tmp_path)
    assert not (first.is_alone() and second.is_alone())
    second.leave()
    assert first.is_alone()
