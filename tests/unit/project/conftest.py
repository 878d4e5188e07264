"""What the tests of the project itself share."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.launchers import make_checkout

CHECKOUT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The repository's root."""
    return CHECKOUT


@pytest.fixture(scope="session")
def uv(tmp_path_factory: pytest.TempPathFactory) -> str:
    """uv, found or installed as every command does it, but without touching this checkout's environment."""
    if "UV" in os.environ:
        return os.environ["UV"]
    there = make_checkout(tmp_path_factory.mktemp("checkout"))
    find = 'source scripts/environment.sh && printf %s "$UV"'
    return subprocess.run(["bash", "-c", find], cwd=there, check=True, stdout=subprocess.PIPE, text=True).stdout
