"""Where nothing can be written, a run stops whole, says so in a line, and goes on when there is room."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from backend.store import database
from tests.support.in_process import Backend, backend
from tests.support.shared import CHECKOUT

pytestmark = [pytest.mark.faults, pytest.mark.fault("S6")]


@pytest.fixture
def made(tmp_path: Path, redis_url: str, backbones: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    """A backend with a version of four labels, and a fifth label that waits."""
    with backend(tmp_path / "backend", redis_url, backbones, monkeypatch, per_class=4) as running:
        running.label(4)
        running.run()
        running.label()
        yield running


def folders(made: Backend) -> list[str]:
    """What lies among the versions, hidden or not."""
    return sorted(path.name for path in (made.settings.model_dir / "versions").glob("*/*"))


@pytest.mark.parametrize("most", [200, 20_000])
def test_a_full_disk_leaves_nothing_half_written(most: int, made: Backend) -> None:
    before, active = folders(made), made.active_version()
    settings = made.settings
    told = {
        "LABEL_STUDIO_URL": settings.label_studio_url,
        "LABEL_STUDIO_API_KEY": settings.label_studio_api_key,
        "REDIS_URL": settings.redis_url,
        "MODEL_DIR": str(settings.model_dir),
        "DEBOUNCE_SECONDS": "0",
        "TRACKING": "false",
    }
    command = [sys.executable, "-m", "tests.faults.run_with_limit", str(most)]
    ended = subprocess.run(command, cwd=CHECKOUT, env=os.environ | told, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    # SQLite does not tell a full disk from a broken one where a limit of the process stands in for it.
    assert made.services.queue.failing.all()[1].reason.endswith(("[disk-full]", "[disk-fails]")), ended.stderr
    assert (folders(made), made.active_version()) == (before, active)
    assert made.label_studio.held.model_version == active
    made.run()
    assert made.labels_learned() == 5
    assert made.services.quarantine.all() == []
    assert made.services.queue.failing.all() == {}


NO_WRITES = {
    "out of memory": ("maxmemory", "1", "0"),
    "without replicas": ("min-replicas-to-write", "1", "0"),
}


@pytest.mark.parametrize("name", NO_WRITES)
def test_a_redis_that_takes_no_writes_puts_a_run_off(name: str, made: Backend, redis_url: str) -> None:
    option, wrong, right = NO_WRITES[name]
    active = made.active_version()
    redis = Redis.from_url(redis_url)
    redis.config_set(option, wrong)
    try:
        made.run()
        assert made.active_version() == active
        assert made.client().get("/health").status_code == 200
    finally:
        redis.config_set(option, right)
    made.run()
    assert made.labels_learned() == 5


def test_a_redis_that_became_a_replica_puts_a_run_off(made: Backend, redis_url: str) -> None:
    redis, active = Redis.from_url(redis_url), made.active_version()
    redis.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        made.run()
        assert made.active_version() == active
    finally:
        redis.execute_command("REPLICAOF", "NO", "ONE")
    made.run()
    assert made.labels_learned() == 5


def test_a_database_that_another_process_locks_puts_a_run_off(made: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(made.settings.model_dir / "mirror.sqlite3")) as other:
        other.execute("BEGIN IMMEDIATE")
        made.run()
        other.rollback()
    assert made.services.queue.failing.all()[1].reason.endswith("[database-busy]")
    made.run()
    assert made.labels_learned() == 5


@pytest.mark.parametrize("method", ["save", "add_second_stage"])
@pytest.mark.parametrize("number", [28, 30, 122, 24])
def test_a_disk_that_takes_no_writes_at_any_step_puts_a_run_off(
    method: str, number: int, made: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number), "somewhere")

    with monkeypatch.context() as full:
        full.setattr(f"backend.store.versions.VersionStore.{method}", refuse)
        made.run()
    made.run()
    assert made.labels_learned() == 5
    assert made.services.queue.failing.all() == {}
