"""What the tests of the project itself share."""

import os
import shutil
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The repository's root."""
    return CHECKOUT


@pytest.fixture(scope="session")
def uv() -> str:
    """How uv is called: as the commands in `scripts/` find it, without making an environment."""
    return os.environ.get("UV") or shutil.which("uv") or str(CHECKOUT / ".uv" / "bin" / "uv")
