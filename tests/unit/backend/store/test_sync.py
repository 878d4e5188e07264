"""What a sync makes of a project, on a server that says what a test wants it to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.store.records.mirror import NOT_CONNECTED
from tests.support.in_process import Backend, backend


@pytest.fixture
def made(tmp_path: Path, redis_url: str, backbones: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    """A backend with a version."""
    with backend(tmp_path / "backend", redis_url, backbones, monkeypatch, per_class=2) as running:
        running.label(2)
        running.run()
        yield running


def problem(made: Backend) -> str | None:
    made.run()
    mirrored = made.services.mirror.project(made.project)
    assert mirrored is not None
    return mirrored.problem


def test_a_project_that_is_refused_and_was_disconnected_by_hand_is_not_refused_for_ever(made: Backend) -> None:
    assert problem(made) is None
    made.label_studio.held.label_config = "<View/>"
    assert "Image" in (problem(made) or "")
    # Label Studio keeps the model version when somebody removes the connection.
    made.label_studio.held.is_connected = False
    assert problem(made) == NOT_CONNECTED
