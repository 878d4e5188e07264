"""A service with a version, shared by the contract's tests: nothing that they do changes what it answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.settings import Settings
from tests.contract.service import MakeService, Service, settings_of, start, start_trained
from tests.support.stack import RunningRedis


@pytest.fixture
def make_service() -> Iterator[MakeService]:
    """Applications without a version, for one test."""
    made = []

    def make(settings: Settings) -> Service:
        made.append(start(settings))
        return made[-1]

    yield make
    for each in made:
        each.stop()


@pytest.fixture(scope="package")
def service(backbones: Path, redis_server: RunningRedis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    settings = settings_of(
        tmp_path_factory.mktemp("service"),
        redis_server.url,
        image_max_bytes=300_000,
        image_max_pixels=1_000_000,
        image_fetch_seconds=3.0,
        image_allow_private="127.0.0.0/8",
    )
    made = start_trained(settings, backbones)
    yield made
    made.stop()
