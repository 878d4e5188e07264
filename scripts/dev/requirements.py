"""The files of requirements, from uv.lock."""

import os
import subprocess

from scripts.cli.options import CHECKOUT

REQUIREMENTS = {
    "requirements.txt": ("the service and the training", ("training",)),
    "requirements-service.txt": ("the web process and a worker on a CPU, without PyTorch", ()),
}
"""What each file is for, and the groups of pyproject.toml in it."""

HEADER = """\
# Made from uv.lock by ./scripts/document: every package with its hashes.
# For {what}. It is complete, so install it with
#   pip install --require-hashes --no-deps --requirement {name}
# Without --no-deps pip refuses it: label-studio-ml 1.0.9 asks for obsolete releases, which pyproject.toml overrides.
"""


def requirements(name: str) -> str:
    """The lock, or a part of it, as pip reads it.

    Args:
        name: a key of `REQUIREMENTS`.

    Raises:
        CalledProcessError: uv refuses the lock, and says why on standard error.
    """
    what, groups = REQUIREMENTS[name]
    command = [os.environ.get("UV", "uv"), "export", "--frozen", "--quiet", "--no-emit-project", "--no-header"]
    part = ["--no-default-groups", *(f"--group={group}" for group in groups)]
    form = ["--format", "requirements-txt"]
    ended = subprocess.run([*command, *part, *form], cwd=CHECKOUT, check=True, stdout=subprocess.PIPE, text=True)
    return HEADER.format(what=what, name=name) + ended.stdout
