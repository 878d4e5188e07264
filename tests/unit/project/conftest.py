"""What the tests of the project itself share."""

import os
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The repository's root."""
    return CHECKOUT


@pytest.fixture(scope="session")
def uv() -> str:
    """uv, found or installed as every command does it."""
    if "UV" in os.environ:
        return os.environ["UV"]
    find = 'source scripts/environment.sh && printf %s "$UV"'
    return subprocess.run(["bash", "-c", find], cwd=CHECKOUT, check=True, stdout=subprocess.PIPE, text=True).stdout
