"""A service with a version, shared by the contract's tests: nothing that they do changes what it answers."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.service import Service, settings_of, start_trained
from tests.support.stack import RunningRedis


@pytest.fixture(scope="session", autouse=True)
def quiet_end() -> Iterator[None]:
    """The applications' threads live as long as this process, and log when pytest has closed what they log to."""
    yield
    logging.disable()


@pytest.fixture(scope="session")
def service(backbones: Path, redis_server: RunningRedis, tmp_path_factory: pytest.TempPathFactory) -> Service:
    settings = settings_of(
        tmp_path_factory.mktemp("service"),
        redis_server.url,
        image_max_bytes=300_000,
        image_max_pixels=1_000_000,
        image_fetch_seconds=1.0,
    )
    return start_trained(settings, backbones)
