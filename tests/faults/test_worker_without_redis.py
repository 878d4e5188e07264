"""The worker while Redis is away: it waits for it, and still does what it is told."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.stack.backend import BackendServer, worker_spec
from scripts.stack.processes import LocalProcess
from tests.faults.rig import pause
from tests.support.stack import RunningRedis, start_redis
from tests.support.waiting import until

pytestmark = pytest.mark.faults


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RunningRedis]:
    running = start_redis(tmp_path / "redis")
    yield running
    running.process.stop()


@pytest.fixture
def worker(own_redis: RunningRedis, backbones: Path, tmp_path: Path) -> Iterator[LocalProcess]:
    """A worker that has begun to wait for jobs."""
    server = BackendServer(
        port=9,
        folder=tmp_path / "backend",
        label_studio_url="http://127.0.0.1:9",
        label_studio_token="5eed" * 10,
        documents=tmp_path,
        redis_port=own_redis.port,
    )
    server.folder.mkdir()
    (server.folder / "backbones").symlink_to(backbones, target_is_directory=True)
    process = LocalProcess(worker_spec(server, tmp_path / "worker.log"))
    process.start()
    process.wait_until_ready()
    yield process
    process.stop()


def test_it_waits_for_redis_and_then_ends_when_told_to(worker: LocalProcess, own_redis: RunningRedis) -> None:
    own_redis.process.kill()
    pause(3.0)
    assert worker.is_running
    os.kill(worker.pid, signal.SIGTERM)
    until(lambda: not worker.is_running, "the worker's end")
    assert worker.exit_status() == 0


def test_it_is_seen_again_when_redis_is_back_without_its_data(worker: LocalProcess, own_redis: RunningRedis) -> None:
    own_redis.process.kill()
    own_redis.process.start()
    own_redis.process.wait_until_ready()
    with own_redis.client() as asking:
        until(lambda: list(asking.scan_iter(match="label-loop:*:worker:*")), "the worker's sign of life")
