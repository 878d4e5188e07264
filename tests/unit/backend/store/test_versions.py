"""The version store: whole or not at all."""

import errno
import json
import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, update

from backend.job import why_put_off
from backend.label_studio.client import ProjectState
from backend.project import Project
from backend.store import versions
from backend.store.mirror import Mirror
from backend.store.quarantine import Quarantine
from backend.store.records.insight import Calibration, Insight, StopAdvice
from backend.store.records.version import RecordedLabel, ServedFigures, VersionFigures
from backend.store.schema import VersionRow
from backend.store.versions import NO_VERSION, Version, VersionStore
from model import files
from model.head.evaluation import NOT_ENOUGH, Estimate
from model.head.head import FeatureTransform, Head
from model.insight.results import AccuracyNow, FurtherLabels, LabelsSaved
from tests.support.records import version_record

PROJECT = Project("http://one.example", 7)
RECORD = version_record("b1", labels=[RecordedLabel(3, "猫", (1, 2), "2026-01-01T00:00:00+00:00")])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "versions"


@pytest.fixture
def store(engine: Engine, folder: Path) -> VersionStore:
    Mirror(engine).record_state(PROJECT, ProjectState("t", "<View/>", "", "", 0, 0, 0), None)
    return VersionStore(engine, folder)


def head() -> Head:
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(4, 2)).astype(np.float32)
    transform = FeatureTransform(rng.random(4).astype(np.float32))
    return Head(("猫", "b"), weights, np.zeros(2, dtype=np.float32), transform, l2=1e-3, temperature=1.5)


def version(name: str, with_head: Head | None = None) -> Version:
    return Version(name, with_head, np.array([5, 3, 9]), np.array([0.0, 0.25, 1.0]), RECORD)


def test_a_version_comes_back_as_it_was_saved(store: VersionStore) -> None:
    store.save(PROJECT, version("v1", head()))
    loaded = store.load(PROJECT, "v1")
    features = np.random.default_rng(1).random((3, 4)).astype(np.float16)
    assert loaded.head is not None
    assert (loaded.head.classes, loaded.head.temperature) == (("猫", "b"), 1.5)
    np.testing.assert_array_equal(loaded.head.probabilities(features), head().probabilities(features))
    np.testing.assert_array_equal(loaded.task_ids, [5, 3, 9])
    np.testing.assert_array_equal(loaded.scores, [0.0, 0.25, 1.0])
    assert loaded.record == replace(RECORD, has_head=True)


def test_a_version_without_a_head_comes_back_without_one(store: VersionStore) -> None:
    store.save(PROJECT, version("v1"))
    assert store.load(PROJECT, "v1").head is None


def test_its_files_are_safetensors_and_json(store: VersionStore, folder: Path) -> None:
    store.save(PROJECT, version("v1", head()))
    files = sorted(path.name for path in (folder / PROJECT.key / "v1").iterdir())
    assert {Path(name).suffix for name in files} <= {".safetensors", ".json", ".onnx"}
    assert (
        json.loads((folder / PROJECT.key / "v1" / "version.json").read_text())
        == replace(RECORD, has_head=True).to_json()
    )


def test_the_same_head_makes_the_same_bytes(store: VersionStore, folder: Path) -> None:
    for name in ("v1", "v2"):
        store.save(PROJECT, version(name, head()))
    one, other = ((folder / PROJECT.key / name / "head.safetensors").read_bytes() for name in ("v1", "v2"))
    assert one == other


def test_versions_are_listed_oldest_first(store: VersionStore) -> None:
    for name in ("b", "a", "c"):
        store.save(PROJECT, version(name))
    assert store.names(PROJECT) == ["b", "a", "c"]


def test_a_saved_version_is_not_active_until_it_is_made_so(store: VersionStore) -> None:
    store.save(PROJECT, version("v1"))
    assert store.active(PROJECT) is None
    store.activate(PROJECT, "v1")
    active = store.active(PROJECT)
    assert active is not None
    assert active.name == "v1"


def test_another_project_has_none_of_them(store: VersionStore, engine: Engine) -> None:
    other = Project("http://other.example", 7)
    Mirror(engine).record_state(other, ProjectState("t", "<View/>", "", "", 0, 0, 0), None)
    store.save(PROJECT, version("v1"))
    assert store.names(other) == []


def killed_at(stage: str, save: Callable[[], object]) -> None:
    """Save something in a process that is killed the moment that it gets to a stage."""

    def die(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def die_saving() -> None:
        if stage == "writing the queue":
            vars(versions)["save_file"] = die
        elif stage == "flushing":
            vars(files)["flush"] = die
        elif stage == "renaming":
            Path.rename = die  # type: ignore[method-assign,assignment]
        else:
            vars(versions)["insert"] = die
        save()

    process = multiprocessing.get_context("fork").Process(target=die_saving)
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.faults
@pytest.mark.parametrize("stage", ["writing the queue", "flushing", "renaming", "recording"])
def test_a_save_that_is_killed_leaves_nothing_listed(
    store: VersionStore, engine: Engine, folder: Path, stage: str
) -> None:
    store.save(PROJECT, version("v1"))
    engine.dispose()  # No connection may be shared with the process that dies.
    killed_at(stage, lambda: store.save(PROJECT, version("v2", head())))
    assert store.names(PROJECT) == ["v1"]
    store.prune(PROJECT, keep=5)
    assert [path.name for path in (folder / PROJECT.key).iterdir()] == ["v1"]


INSIGHT = Insight(
    made_at="2026-01-01T00:00:00+00:00",
    labels=3,
    holdout_labels=0,
    accuracy=AccuracyNow(0, NOT_ENOUGH, None, {}),
    calibration=Calibration(0, False, 30, None, None, NOT_ENOUGH),
    labels_saved=LabelsSaved(0, 3, None, None, NOT_ENOUGH),
    stop_adviser=StopAdvice(0, 3, (FurtherLabels(100, None, 0.5, NOT_ENOUGH),), 18.0, 12, ""),
)


def served() -> Head:
    return replace(head(), weights=head().weights + 1)


def test_a_second_stage_comes_back_with_its_version(store: VersionStore) -> None:
    store.save(PROJECT, version("v1", head()))
    finished = store.add_second_stage(PROJECT, version("v1", head()), served(), INSIGHT)
    loaded = store.load(PROJECT, "v1")
    assert loaded.best_head is loaded.served
    assert loaded.served is not None
    np.testing.assert_array_equal(loaded.served.weights, served().weights)
    assert loaded.insight == INSIGHT
    assert loaded.edition == finished.edition != version("v1", head()).edition


def test_before_its_second_stage_a_version_predicts_with_its_quick_head(store: VersionStore) -> None:
    store.save(PROJECT, version("v1", head()))
    loaded = store.load(PROJECT, "v1")
    assert (loaded.best_head, loaded.insight) == (loaded.head, None)


def test_a_second_stage_without_a_head_leaves_the_versions_predictions_as_they_are(store: VersionStore) -> None:
    store.save(PROJECT, version("v1"))
    finished = store.add_second_stage(PROJECT, version("v1"), None, INSIGHT)
    assert (finished.edition, store.load(PROJECT, "v1").insight) == ("v1", INSIGHT)


def test_the_newest_second_stage_is_found(store: VersionStore) -> None:
    for name in ("v1", "v2", "v3"):
        store.save(PROJECT, version(name))
    assert store.newest_second_stage(PROJECT) is None
    for name in ("v1", "v2"):
        store.add_second_stage(PROJECT, version(name), None, INSIGHT)
    assert store.newest_second_stage(PROJECT) == "v2"
    assert [store.insight(PROJECT, name) for name in ("v2", "v3")] == [INSIGHT, None]
    assert [store.has_second_stage(PROJECT, name) for name in ("v2", "v3")] == [True, False]


def test_versions_are_unfinished_since_the_first_that_followed_the_last_second_stage(store: VersionStore) -> None:
    for name in ("v1", "v2", "v3"):
        store.save(PROJECT, version(name))
    assert store.unfinished_since(PROJECT) is None
    store.activate(PROJECT, "v1")
    assert store.unfinished_since(PROJECT) == store.history(PROJECT, most=3)[0].activated_at
    store.add_second_stage(PROJECT, version("v1"), None, INSIGHT)
    assert store.unfinished_since(PROJECT) is None
    for name in ("v2", "v3"):
        store.activate(PROJECT, name)
    assert store.unfinished_since(PROJECT) == store.history(PROJECT, most=3)[1].activated_at


@pytest.mark.faults
@pytest.mark.parametrize("stage", ["flushing", "renaming"])
def test_a_second_stage_that_is_killed_is_made_again(store: VersionStore, engine: Engine, stage: str) -> None:
    store.save(PROJECT, version("v1", head()))
    engine.dispose()
    killed_at(stage, lambda: store.add_second_stage(PROJECT, version("v1", head()), served(), INSIGHT))
    assert store.load(PROJECT, "v1").insight is None
    store.add_second_stage(PROJECT, version("v1", head()), served(), INSIGHT)
    assert store.load(PROJECT, "v1").insight == INSIGHT


def test_figures_outlive_the_versions_files(store: VersionStore) -> None:
    for number, name in enumerate(("v1", "v2", "v3")):
        store.save(PROJECT, version(name), VersionFigures(labels=number))
    store.activate(PROJECT, "v3")
    served = ServedFigures(accuracy=Estimate(0.5, 0.25, 0.75), calibration_error=None)
    store.add_served_figures(PROJECT, "v1", served)
    store.prune(PROJECT, keep=1)
    made = store.history(PROJECT, most=9)
    assert [each.name for each in made] == ["v1", "v2", "v3"]
    assert [each.figures for each in made] == [
        VersionFigures(labels=0, served=served),
        VersionFigures(labels=1),
        VersionFigures(labels=2),
    ]
    assert [each.activated_at is not None for each in made] == [False, False, True]


def test_the_history_can_be_limited_to_the_newest(store: VersionStore) -> None:
    for name in ("v1", "v2", "v3"):
        store.save(PROJECT, version(name))
    assert [each.name for each in store.history(PROJECT, most=2)] == ["v2", "v3"]


def test_pruning_keeps_the_newest_and_the_active_one(store: VersionStore, folder: Path) -> None:
    for name in ("v1", "v2", "v3", "v4"):
        store.save(PROJECT, version(name))
    store.activate(PROJECT, "v1")
    store.prune(PROJECT, keep=2)
    assert sorted(path.name for path in (folder / PROJECT.key).iterdir()) == ["v1", "v3", "v4"]


def test_a_version_whose_files_were_lost_is_not_active(store: VersionStore, folder: Path) -> None:
    store.save(PROJECT, version("v1"))
    store.activate(PROJECT, "v1")
    for path in (folder / PROJECT.key / "v1").iterdir():
        path.unlink()
    assert store.active(PROJECT) is None


def test_the_active_versions_backbone_is_known(store: VersionStore) -> None:
    assert store.active_backbone(PROJECT) is None
    store.save(PROJECT, version("v1"))
    assert store.active_backbone(PROJECT) is None
    store.activate(PROJECT, "v1")
    assert store.active_backbone(PROJECT) == "b1"


def test_the_backbone_of_a_version_from_before_it_was_kept_comes_from_its_record(
    store: VersionStore, engine: Engine, folder: Path
) -> None:
    store.save(PROJECT, version("v1"))
    store.activate(PROJECT, "v1")
    with engine.begin() as connection:
        connection.execute(update(VersionRow).values(backbone=None))
    assert store.active_backbone(PROJECT) == "b1"
    # From now on the record need not be read.
    (folder / PROJECT.key / "v1" / "version.json").write_text("torn")
    assert store.active_backbone(PROJECT) == "b1"


def test_a_version_whose_files_were_lost_has_no_backbone(store: VersionStore, folder: Path) -> None:
    store.save(PROJECT, version("v1"))
    store.activate(PROJECT, "v1")
    shutil.rmtree(folder / PROJECT.key / "v1")
    assert store.active_backbone(PROJECT) is None


def test_a_second_stage_does_not_bring_back_a_version_that_was_removed(store: VersionStore, folder: Path) -> None:
    store.save(PROJECT, version("v1"))
    shutil.rmtree(folder / PROJECT.key / "v1")
    with pytest.raises(FileNotFoundError):
        store.add_second_stage(PROJECT, version("v1"), None, INSIGHT)
    assert not (folder / PROJECT.key / "v1").exists()


@pytest.mark.fault("R1")
def test_a_version_stays_ours_without_its_files_and_without_the_mirror(
    store: VersionStore, engine: Engine, folder: Path
) -> None:
    for name in ("v1", "v2", "v3"):
        store.save(PROJECT, version(name))
    store.prune(PROJECT, keep=1)
    assert store.ours(PROJECT) == {NO_VERSION, "v1", "v2", "v3"}
    Mirror(engine).forget(PROJECT)
    assert store.ours(PROJECT) == {NO_VERSION, "v1", "v2", "v3"}
    assert store.ours(Project(PROJECT.url, 8)) == {NO_VERSION}


def test_a_version_without_a_name_costs_the_others_nothing(store: VersionStore) -> None:
    store.save(PROJECT, version("v1"))
    with pytest.raises(FileNotFoundError):
        store.load(PROJECT, "")
    assert store.load(PROJECT, "v1").name == "v1"


def reason_of_only(folder: Path) -> str:
    (told,) = Quarantine(folder.parent).all()
    return f"{told.path}: {told.reason}"


@pytest.mark.fault("S5")
def test_a_version_that_lost_its_head_is_set_aside(store: VersionStore, folder: Path) -> None:
    store.save(PROJECT, version("v1", head()))
    store.head_file(PROJECT, "v1").unlink()
    with pytest.raises(FileNotFoundError):
        store.load(PROJECT, "v1")
    assert "it has no head.safetensors" in reason_of_only(folder)


def test_a_record_that_does_not_say_whether_there_was_a_head_is_read(store: VersionStore, folder: Path) -> None:
    store.save(PROJECT, version("v1", head()))
    (folder / PROJECT.key / "v1" / "version.json").write_text(json.dumps(RECORD.to_json()))
    assert store.load(PROJECT, "v1").head is not None
    store.head_file(PROJECT, "v1").unlink()
    assert store.load(PROJECT, "v1").head is None


@pytest.mark.fault("S5")
@pytest.mark.parametrize("lost", ["insight.json", "served.safetensors"])
def test_a_second_stage_that_lost_a_file_is_set_aside_and_made_again(
    lost: str, store: VersionStore, folder: Path
) -> None:
    store.save(PROJECT, version("v1", head()))
    store.add_second_stage(PROJECT, version("v1", head()), served(), INSIGHT)
    (folder / PROJECT.key / "v1" / "second" / lost).unlink()
    assert store.load(PROJECT, "v1").insight is None
    assert f"v1/second: ValueError: it has no {lost}" in reason_of_only(folder)
    store.add_second_stage(PROJECT, version("v1", head()), served(), INSIGHT)
    assert store.load(PROJECT, "v1").insight == INSIGHT


@pytest.mark.fault("S5")
def test_a_head_that_may_not_be_read_is_no_damage(
    store: VersionStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(PROJECT, version("v1", head()))
    open_file = Path.open

    def deny(path: Path, *arguments: Any, **named: Any) -> Any:
        if path.name == "head.safetensors":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return open_file(path, *arguments, **named)

    monkeypatch.setattr(Path, "open", deny)
    with pytest.raises(PermissionError) as raised:
        store.load(PROJECT, "v1")
    assert why_put_off(raised.value) is not None
    assert Quarantine(folder.parent).all() == []


@pytest.mark.fault("S5")
@pytest.mark.parametrize("content", [b"\xff\x00garbage", b"", b'["v', b'{"v1": 1}', None])
def test_damaged_names_cost_nothing_while_the_mirror_knows_them(
    content: bytes | None, store: VersionStore, folder: Path
) -> None:
    store.save(PROJECT, version("v1"))
    file = folder / ".names" / PROJECT.key
    file.unlink()
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    assert store.ours(PROJECT) == {NO_VERSION, "v1"}
    assert f".names/{PROJECT.key}" in reason_of_only(folder)
    store.save(PROJECT, version("v2"))
    assert store.ours(PROJECT) == {NO_VERSION, "v1", "v2"}


@pytest.mark.fault("R1")
def test_versions_of_an_earlier_release_stay_ours_without_the_mirror(
    store: VersionStore, engine: Engine, folder: Path
) -> None:
    store.save(PROJECT, version("v1"))
    shutil.rmtree(folder / ".names")
    assert store.ours(PROJECT) == {NO_VERSION, "v1"}
    Mirror(engine).forget(PROJECT)
    assert store.ours(PROJECT) == {NO_VERSION, "v1"}


@pytest.mark.fault("S13")
def test_the_names_that_outlive_the_mirror_do_not_grow_without_end(
    store: VersionStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "MOST_NAMES", 2)
    for name in ("v1", "v2", "v3"):
        store.save(PROJECT, version(name))
    assert json.loads((folder / ".names" / PROJECT.key).read_text()) == ["v2", "v3"]
    assert store.ours(PROJECT) == {NO_VERSION, "v1", "v2", "v3"}
