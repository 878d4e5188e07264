"""A checkout whose environment is made already, so that launchers can be run."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.cli.options import CHECKOUT

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def made_checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout under another name; its environment is the one that runs the tests."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("backend", "docs", "model", "scripts", "pyproject.toml", "uv.lock"):
        (folder / name).symlink_to(CHECKOUT / name)
    binaries = folder / ".venv" / "bin"
    binaries.mkdir(parents=True)
    write_script(binaries / "python", f'exec "{sys.executable}" "$@"')
    write_script(binaries / "uv", "exit 0")
    stamp = f'printf \'%s \' "{folder}"; cat "{folder}/pyproject.toml" "{folder}/uv.lock" | cksum'
    made = subprocess.run(["bash", "-c", stamp], check=True, capture_output=True, text=True)
    (folder / ".venv" / ".stamp").write_text(made.stdout)
    return folder


@pytest.fixture
def run_there(made_checkout: Path) -> Run:
    """Run a program in that checkout; returns how it ended."""

    def ended(*command: str) -> "subprocess.CompletedProcess[str]":
        environment = os.environ | {"UV": str(made_checkout / ".venv" / "bin" / "uv")}
        return subprocess.run(command, cwd=made_checkout, env=environment, capture_output=True, text=True, check=False)

    return ended


def write_script(path: Path, line: str) -> None:
    """Write a shell script of one line."""
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
