"""The servers that tests share. They are real, on free ports, started once a session where they can be shared.

label_studio      a Label Studio on SQLite, with fast imports of predictions
redis_server      a Redis; a test's own use of it begins empty through `redis_url`
backbone_folder   the default backbone's export, made once per checkout
stack             web process and worker on the shared Label Studio, with a Redis of their own
make_stack        the same, made to order: settings, passwords, secrets
make_project      projects with pictures of known classes; deleted after the test
"""

import fcntl
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from model.backbone.backbone import backbone
from scripts.stack.label_studio import LabelStudioServer, install, label_studio_spec
from scripts.stack.ports import choose_port
from scripts.stack.processes import LocalProcess
from tests.support.label_studio import RunningLabelStudio, User
from tests.support.project import LabelledProject
from tests.support.stack import RunningRedis, RunningStack, start_redis, start_stack

CHECKOUT = Path(__file__).parents[1]
CACHE = CHECKOUT / ".cache"
BACKBONE = "efficientnet-lite0"
TOKEN = "5eed" * 10

# Polls are rare here, so that a test that passes has seen events work; and idle comes soon, so that no test waits.
# There is no MLflow: no test is to notice.
SHARED_SETTINGS = {
    "POLL_SECONDS": "3600",
    "IDLE_SECONDS": "1",
    "LOG_LEVEL": "INFO",
    "MLFLOW_TRACKING_URI": "http://127.0.0.1:1",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what reads the whole code: one process does, while the other makes Label Studio's first database."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/unit/project/"))


@contextmanager
def alone(making: str) -> Iterator[None]:
    """Let one process at a time make what all keep in the cache."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{making}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def label_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLabelStudio]:
    environment = CACHE / "label-studio-env"
    folder = tmp_path_factory.mktemp("label-studio")
    server = LabelStudioServer(
        port=choose_port(18_180),
        data=folder / "data",
        documents=folder / "documents",
        username="owner@example.com",
        password="owner's password",
        token=TOKEN,
    )
    process = LocalProcess(label_studio_spec(server, environment, folder / "label-studio.log"))
    try:
        with alone("label-studio"):
            install(environment)
            kept = CACHE / f"label-studio-data-{(environment / '.stamp').read_text()[:12]}"
            if kept.exists():
                shutil.copytree(kept, server.data, dirs_exist_ok=True)
            process.start()
            process.wait_until_ready()
            if not kept.exists():
                keep_data(server.data, kept)
        yield RunningLabelStudio(server, process)
    finally:
        process.stop()


def keep_data(data: Path, kept: Path) -> None:
    """Keep a fresh Label Studio's database for the next session: its first migration takes a minute on a busy machine.

    Args:
        data: of the running Label Studio.
        kept: folder to make, whole or not at all.
    """
    unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=kept.parent))
    shutil.copy(data / ".env", unfinished)  # Django's secret key: sessions and tokens are signed with it.
    name = "label_studio.sqlite3"
    with closing(sqlite3.connect(data / name)) as source, closing(sqlite3.connect(unfinished / name)) as target:
        source.backup(target)
    unfinished.rename(kept)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRedis]:
    running = start_redis(tmp_path_factory.mktemp("redis"))
    yield running
    running.process.stop()


@pytest.fixture
def redis_url(redis_server: RunningRedis) -> str:
    """Address of the shared Redis, emptied for this test."""
    with redis_server.client() as asking:
        asking.flushall()
    return redis_server.url


@pytest.fixture(scope="session")
def backbones() -> Path:
    """Folder of exported backbones, by version, as MODEL_DIR holds them."""
    folder = CACHE / "backbones"
    version = backbone(BACKBONE).version
    # An export is there whole or not at all. In a process of its own: the tests' process need not load PyTorch.
    with alone("backbones"):
        if not (folder / version).exists():
            command = [sys.executable, "-m", "model.networks.export", BACKBONE, str(folder / version)]
            subprocess.run(command, cwd=CHECKOUT, check=True)
    return folder


@pytest.fixture(scope="session")
def backbone_folder(backbones: Path) -> Path:
    return backbones / backbone(BACKBONE).version


@pytest.fixture(scope="session")
def stack(
    label_studio: RunningLabelStudio, backbones: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningStack]:
    running = start_stack(label_studio, backbones, tmp_path_factory.mktemp("stack"), more=SHARED_SETTINGS)
    yield running
    running.stop()


@pytest.fixture
def make_stack(
    label_studio: RunningLabelStudio, backbones: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., RunningStack]]:
    """Starts a stack of the test's own: `make_stack(more={"POLL_SECONDS": "1"}, webhook_secret="…")`."""
    started: list[RunningStack] = []

    def make(**options: Any) -> RunningStack:
        started.append(start_stack(label_studio, backbones, tmp_path_factory.mktemp("own-stack"), **options))
        return started[-1]

    yield make
    for running in started:
        running.stop()


@pytest.fixture
def make_project(label_studio: RunningLabelStudio) -> Iterator[Callable[..., LabelledProject]]:
    """`RunningLabelStudio.make_project`; what it made is deleted after the test."""
    already = len(label_studio.made)
    yield label_studio.make_project
    label_studio.delete_projects(label_studio.made[already:])


@pytest.fixture(scope="session")
def second_user(label_studio: RunningLabelStudio) -> User:
    """An annotator besides the owner."""
    return label_studio.add_user()
