"""What belongs to nobody is removed; whatever may still be needed stays."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from backend.label_studio.client import ProjectState
from backend.project import Project
from backend.services import Services
from backend.settings import Settings
from backend.store.records.mirror import PulledTask
from backend.store.sweep import UNFINISHED
from model.backbone.backbone import Backbone

pytestmark = pytest.mark.fault("S13")

BACKBONE = Backbone(name="n", version="b1", input_size=32, mean=(0, 0, 0), std=(1, 1, 1), width=8)
LONG = 40 * 24 * 3600.0


@pytest.fixture
def services(tmp_path: Path, redis_url: str) -> Services:
    made = Services(Settings(model_dir=tmp_path, label_studio_url="http://127.0.0.1:9", redis_url=redis_url))
    made.migrate()
    made.mirror.record_state(made.project(1), ProjectState("test", "<View/>", "", "", 0, 0, 0), None)
    return made


def aged(path: Path, seconds: float = LONG) -> Path:
    """A folder with a file, last changed so long ago."""
    path.mkdir(parents=True)
    (path / "file").write_text("content")
    os.utime(path, (time.time() - seconds,) * 2)
    return path


def test_files_of_projects_that_are_gone_for_long_are_removed(services: Services, tmp_path: Path) -> None:
    gone, left, known = (Project("http://127.0.0.1:9", number) for number in (2, 3, 1))
    folders = {each.id: aged(tmp_path / "versions" / each.key) for each in (gone, known)}
    autolabel = aged(tmp_path / "autolabel" / gone.key)
    assert services.sweeper.run()["projects"] == 0
    recent = aged(tmp_path / "versions" / left.key)
    after(services, LONG)
    assert services.sweeper.run()["projects"] == 1
    assert [folders[2].exists(), autolabel.exists(), folders[1].exists(), recent.exists()] == [False, False, True, True]


def after(services: Services, seconds: float) -> None:
    """Have projects that no sweep has found anybody to know be unknown for so much longer."""
    for mark in (services.settings.model_dir / "versions" / ".unclaimed").iterdir():
        os.utime(mark, (mark.stat().st_mtime - seconds,) * 2)


def test_a_project_that_is_found_again_is_forgotten_anew(services: Services, tmp_path: Path) -> None:
    found = services.project(4)
    folder = aged(tmp_path / "versions" / found.key)
    services.sweeper.run()
    after(services, LONG)
    services.mirror.record_state(found, ProjectState("test", "<View/>", "", "", 0, 0, 0), None)
    services.sweeper.run()
    services.mirror.forget(found)
    assert services.sweeper.run()["projects"] == 0
    assert folder.exists()


def test_files_stay_while_nobody_can_say_whether_their_project_is_gone(services: Services, tmp_path: Path) -> None:
    lost = services.project(4)
    folder = aged(tmp_path / "versions" / lost.key)
    services.sweeper.run()
    after(services, LONG)
    services.queue.failing.note(lost, "Label Studio does not answer.")
    assert services.sweeper.run()["projects"] == 0
    assert folder.exists()


def test_what_killed_processes_left_half_written_is_removed_after_a_day(services: Services, tmp_path: Path) -> None:
    token = "0123456789abcdef" * 2
    old = aged(tmp_path / "versions" / services.project(1).key / f".20260101-000000-000.{token}")
    new = aged(tmp_path / "backbones" / f".lite0.{token}", seconds=UNFINISHED.total_seconds() / 2)
    other = aged(tmp_path / "versions" / services.project(1).key / "20260101-000000-000")
    assert services.sweeper.run()["unfinished"] == 1
    assert [old.exists(), new.exists(), other.exists()] == [False, True, True]


def add_task(services: Services, task: int) -> None:
    now = datetime.now(UTC)
    services.mirror.apply(services.project(1), [PulledTask(task, f"/{task}.png", now, now, ())])


def test_features_that_no_task_holds_are_removed(services: Services) -> None:
    services.features.add(BACKBONE, {key: np.zeros(8, dtype=np.float16) for key in ("held", "gone")})
    add_task(services, 1)
    services.mirror.record_images(services.project(1), {1: "held"}, {})
    assert services.sweeper.run()["features"] == 1
    assert services.features.stored(BACKBONE, ["held", "gone"]) == {"held"}


def test_no_feature_is_removed_while_a_task_waits_for_its_image(services: Services) -> None:
    services.features.add(BACKBONE, {"needed": np.zeros(8, dtype=np.float16)})
    add_task(services, 1)
    assert services.sweeper.run()["features"] == 0


def test_no_feature_is_removed_while_the_mirror_lacks_a_project(services: Services, tmp_path: Path) -> None:
    services.features.add(BACKBONE, {"needed": np.zeros(8, dtype=np.float16)})
    aged(tmp_path / "versions" / services.project(5).key, seconds=60)
    assert services.sweeper.run()["features"] == 0


def test_redis_forgets_projects_that_nobody_was_at_work_on_for_long(services: Services) -> None:
    redis, touched = services.queue.redis, services.queue.keys.of("touched")
    redis.hset(touched, mapping={"1": "0", "2": "0", "3": repr(time.time())})
    assert services.sweeper.run()["keys"] == 1
    assert set(redis.hkeys(touched)) == {b"1", b"3"}


def test_one_process_sweeps_a_day(services: Services) -> None:
    assert services.queue.claim("swept", 60)
    assert not services.queue.claim("swept", 60)
