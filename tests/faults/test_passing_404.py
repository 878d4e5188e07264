"""A passing 404, or a list cut short, is no deletion; Label Studio's own word is, when it stays."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from backend.errors import NotFoundError, RetryLaterError
from backend.label_studio.client import LabelStudio
from backend.store import absence
from tests.support.in_process import Backend, backend
from tests.support.small_label_studio import PROXY_PAGE, Answer, SmallProject, in_json, its_own_404

pytestmark = [pytest.mark.faults, pytest.mark.fault("S4")]


@pytest.fixture
def made(tmp_path: Path, redis_url: str, backbones: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    """A backend with a version of four labels."""
    with backend(tmp_path / "backend", redis_url, backbones, monkeypatch, per_class=4) as running:
        running.label(4)
        running.run()
        assert running.labels_learned() == 4
        yield running


def kept(made: Backend) -> tuple[int, int, int]:
    """Tasks, labels and versions that are known."""
    counts = made.services.mirror.counts(made.project)
    return counts.tasks, counts.annotations, len(made.services.versions.names(made.project))


NOT_LABEL_STUDIO = {
    "a proxy's page": PROXY_PAGE,
    "a proxy's JSON": in_json(404, {"detail": "Not Found"}),
    "an empty body": (404, "text/plain", b""),
    "a page for an answer": (200, "text/html", b"<html>Back soon</html>"),
    "an empty object": in_json(200, {}),
    "an empty list": in_json(200, []),
    "null": in_json(200, None),
    "a gateway": (502, "text/html", b"Bad gateway"),
    "no access": in_json(403, {"detail": "no"}),
}


@pytest.mark.parametrize("name", NOT_LABEL_STUDIO)
def test_what_is_not_label_studios_word_takes_nothing_away(
    name: str, made: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept(made)
    monkeypatch.setattr(absence, "APART", timedelta())
    made.label_studio.fault = lambda method, path: NOT_LABEL_STUDIO[name]
    for _ in range(2):
        try_to_run(made)
    assert kept(made) == before
    assert made.services.queue.failing.all()[1].times == 2
    made.label_studio.fault = lambda method, path: None
    made.label()
    made.run()
    assert made.labels_learned() == 5
    assert made.services.queue.failing.all() == {}


def try_to_run(made: Backend) -> None:
    """A run that may fail."""
    try:
        made.run()
    except Exception as error:
        assert "refuses the token" in str(error), error


def test_one_404_of_label_studios_own_takes_nothing_away(made: Backend) -> None:
    before = kept(made)
    made.label_studio.fault = lambda method, path: its_own_404() if "projects" in path else None
    made.run()
    assert kept(made) == before
    assert "All is kept" in made.services.queue.failing.all()[1].reason
    made.label_studio.fault = lambda method, path: None
    made.label()
    made.run()
    assert made.labels_learned() == 5


def test_a_project_that_was_there_in_between_is_asked_for_anew(made: Backend) -> None:
    gone = lambda method, path: its_own_404() if "projects" in path else None  # noqa: E731
    made.label_studio.fault = gone
    made.run()
    made.label_studio.fault = lambda method, path: None
    made.run()
    mirrored = made.services.mirror.project(made.project)
    assert mirrored is not None
    assert mirrored.missing_since is None


def test_a_project_that_stays_gone_is_forgotten(made: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    made.label_studio.project = None
    made.run()
    assert kept(made)[0] == 8
    monkeypatch.setattr(absence, "APART", timedelta())
    made.run()
    assert made.services.mirror.project(made.project) is None
    assert made.services.queue.failing.all() == {}
    assert list((made.settings.model_dir / "versions" / made.project.key).iterdir())


def test_label_studio_that_does_not_answer_properly_is_no_witness(
    made: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept(made)
    monkeypatch.setattr(absence, "APART", timedelta())

    def half_up(method: str, path: str) -> Answer | None:
        return its_own_404() if "projects" in path else PROXY_PAGE

    made.label_studio.fault = half_up
    made.run()
    made.run()
    assert kept(made) == before


def shortened(made: Backend, tasks: slice, total: int | None) -> None:
    """Have lists of tasks cut short, and nothing new found."""

    def fault(method: str, path: str) -> Answer | None:
        if path != "/api/tasks":
            return None
        listed = list(made.label_studio.held.tasks.values())[tasks]
        return in_json(200, {"tasks": listed, "total": len(listed) if total is None else total})

    made.label_studio.fault = fault


@pytest.mark.parametrize("total", [None, 8])
@pytest.mark.parametrize("tasks", [slice(0, 0), slice(0, 3), slice(5, 8)])
def test_a_list_cut_short_takes_no_tasks_and_no_labels_away(tasks: slice, total: int | None, made: Backend) -> None:
    before = kept(made)
    made.services.mirror.forget_pulled(made.project)
    shortened(made, tasks, total)
    made.run()
    assert kept(made)[:2] == before[:2]
    made.label_studio.fault = lambda method, path: None
    made.label()
    made.run()
    assert made.labels_learned() == 5


def test_tasks_and_labels_that_are_gone_are_forgotten(made: Backend) -> None:
    project = made.label_studio.held
    del project.tasks[1]
    project.tasks[2]["annotations"] = []
    made.run()
    assert kept(made)[:2] == (7, 2)


def test_another_project_of_the_same_number_begins_anew_when_it_stays(
    made: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, old = kept(made), made.active_version()
    made.label_studio.project = SmallProject(created_at="2027-01-01T00:00:00.000000Z")
    made.label_studio.held.add_task(0)
    made.run()
    assert kept(made) == before
    assert "All is kept" in made.services.queue.failing.all()[1].reason
    monkeypatch.setattr(absence, "APART", timedelta())
    made.run()
    assert kept(made) == (1, 0, 1)
    assert made.active_version() != old
    assert f"versions/{made.project.key}" in {each.path for each in made.services.quarantine.all()}


@pytest.mark.parametrize("spelled", ["", "soon", "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00"])
def test_another_spelling_of_its_age_makes_no_other_project(
    spelled: str, made: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept(made)
    monkeypatch.setattr(absence, "APART", timedelta())
    made.label_studio.held.created_at = spelled
    for _ in range(2):
        made.run()
    assert kept(made) == before
    assert made.services.quarantine.all() == []


def test_a_prediction_or_annotation_is_gone_only_in_label_studios_words(made: Backend) -> None:
    client = LabelStudio(made.label_studio.url, "5eed" * 10)
    made.label_studio.fault = lambda method, path: PROXY_PAGE
    for ask in (lambda: client.annotation(3), lambda: client.delete_annotation(3), lambda: client.task(3)):
        with pytest.raises(RetryLaterError):
            ask()
    with pytest.raises(RetryLaterError):
        client.change_prediction(3, json.loads('{"result": [], "score": 1, "model_version": "v"}'))
    made.label_studio.fault = lambda method, path: its_own_404()
    assert client.annotation(3) is None
    assert client.task(3) is None
    with pytest.raises(NotFoundError):
        client.change_prediction(3, json.loads('{"result": [], "score": 1, "model_version": "v"}'))


def test_a_refresh_writes_nothing_into_another_project_of_the_same_number(made: Backend) -> None:
    other = SmallProject(created_at="2027-01-01T00:00:00.000000Z")
    for number in range(len(made.label_studio.project.tasks)):
        other.add_task(number % 2)
    made.label_studio.project = other
    made.services.mirror.record_unpublished(made.project, [6, 7, 8])
    made.services.queue.clear_dirty(made.project)
    made.refresh()
    assert other.predictions == []
    assert made.services.queue.dirty_since(made.project) is not None
