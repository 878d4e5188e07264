"""A checkout in which launchers can be run."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.launchers import make_checkout

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def made_checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One whose environment is made."""
    return make_checkout(tmp_path_factory.mktemp("checkout"))


@pytest.fixture
def run_there(made_checkout: Path) -> Run:
    """Run a program in that checkout; returns how it ended."""
    uv = made_checkout / "uv"
    uv.write_text("#!/bin/sh\n")
    uv.chmod(0o755)

    def ended(*command: str) -> "subprocess.CompletedProcess[str]":
        environment = os.environ | {"UV": str(uv)}
        return subprocess.run(command, cwd=made_checkout, env=environment, capture_output=True, text=True, check=False)

    return ended
