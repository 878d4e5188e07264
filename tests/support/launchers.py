"""A checkout whose environment is made already, so that a launcher can be run without making one."""

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
PARTS = ("backend", "docs", "model", "scripts", "pyproject.toml", "uv.lock")


def make_checkout(folder: Path) -> Path:
    """Make this checkout once more, of links; its environment is the one that runs the tests.

    Args:
        folder: that is empty.
    """
    for name in PARTS:
        (folder / name).symlink_to(CHECKOUT / name)
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    stamp = 'printf "%s " "$PWD"; cat pyproject.toml uv.lock | cksum'
    made = subprocess.run(["bash", "-c", stamp], cwd=folder, check=True, capture_output=True, text=True)
    (folder / ".venv" / ".stamp").write_text(made.stdout)
    return folder
