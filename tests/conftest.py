"""The servers that tests share, and how tests are told apart and spread over processes.

label_studio      a Label Studio on SQLite, one for all test processes, with fast imports of predictions
redis_server      a Redis, one a process; a test's own use of it begins empty through `redis_url`
backbone_folder   the default backbone's export, made once for the code as it is
stack             web process and worker on the shared Label Studio, with a Redis of their own, one a process
make_stack        the same, made to order: settings, passwords, secrets
make_project      projects with pictures of known classes, which are nobody's after the test

All of them are real, on free ports. A test that uses Label Studio is marked `integration`, one that uses Chromium
`browser`: nobody marks them by hand.
"""

import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist import is_xdist_worker

from model.backbone.backbone import backbone
from scripts.stack.accounts import User
from tests.support.label_studio import RunningLabelStudio
from tests.support.project import LabelledProject
from tests.support.shared import CACHE, CHECKOUT, SharedLabelStudio, make_once
from tests.support.stack import RunningRedis, RunningStack, start_redis, start_stack
from tests.support.surroundings import forget_the_shell

BACKBONE = "efficientnet-lite0"
# Networks' own code is what an export is made by.
MAKES_EXPORTS = ("model/backbone", "model/networks")

# Polls are rare here, so that a test that passes has seen events work; and idle comes soon, so that no test waits.
# What is tracked is for the tests of tracking to see: to load MLflow takes seconds.
SHARED_SETTINGS = {"POLL_SECONDS": "3600", "IDLE_SECONDS": "1", "LOG_LEVEL": "INFO", "TRACKING": "false"}

# Marks of the tests that use a fixture, directly or through another.
NEEDS = {"shared_label_studio": "integration", "playwright": "browser"}
# Folders in the order in which they are begun. Label Studio gets ready during the first; then comes what takes long,
# and the many short ones at the end leave no process waiting for another.
ORDER = ("unit/project", "unit/model", "faults", "integration", "upgrade", "browser", "contract", "unit")


# `--hypothesis-profile=thorough`: as many examples as a person waits for.
settings.register_profile("thorough", max_examples=10_000)


def pytest_configure() -> None:
    """Begin alike wherever a session is started."""
    forget_the_shell()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they need, and begin in a good order."""
    for item in items:
        for fixture, mark in NEEDS.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(mark)
    items.sort(key=place)


def place(item: pytest.Item) -> int:
    """Number of the first of the folders in `ORDER` that a test is in."""
    path = item.path.relative_to(CHECKOUT / "tests").as_posix()
    return next((at for at, folder in enumerate(ORDER) if path.startswith(f"{folder}/")), len(ORDER))


@pytest.fixture(scope="session", autouse=True)
def label_studio_in_time(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SharedLabelStudio]:
    """Starts Label Studio with the first test, if any test needs it: it gets ready while others run."""
    own_folder = tmp_path_factory.getbasetemp()
    shared = SharedLabelStudio(own_folder.parent if is_xdist_worker(request) else own_folder)
    if any(item.get_closest_marker("integration") for item in request.session.items):
        shared.begin()
    yield shared
    shared.leave()


@pytest.fixture(scope="session")
def shared_label_studio(label_studio_in_time: SharedLabelStudio) -> SharedLabelStudio:
    """What tells a test that needs Label Studio."""
    return label_studio_in_time


@pytest.fixture(scope="session")
def label_studio(shared_label_studio: SharedLabelStudio) -> RunningLabelStudio:
    return shared_label_studio.wait_until_ready()


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

    def export(folder: Path) -> None:
        # In a process of its own: the tests' process need not load PyTorch.
        command = [sys.executable, "-m", "model.networks.export", BACKBONE, str(folder)]
        subprocess.run(command, cwd=CHECKOUT, check=True)

    folder = CACHE / f"backbones-{exporting_code()}"
    make_once(folder / backbone(BACKBONE).version, export)
    return folder


def exporting_code() -> str:
    """Digest of the code that exports: another code exports anew."""
    files = sorted(file for folder in MAKES_EXPORTS for file in (CHECKOUT / folder).rglob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


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
    """`RunningLabelStudio.make_project`; backends forget what it made after the test.

    Nothing is deleted: while it deletes a project, Label Studio forgets to count other projects' labels, and backends
    ask for minutes whether a project that they knew is gone for good.
    """
    made: list[LabelledProject] = []

    def make(*given: Any, **options: Any) -> LabelledProject:
        made.append(label_studio.make_project(*given, **options))
        return made[-1]

    yield make
    for project in made:
        project.be_forgotten()


@pytest.fixture(scope="session")
def second_user(label_studio: RunningLabelStudio) -> User:
    """An annotator besides the owner."""
    return label_studio.add_user()
