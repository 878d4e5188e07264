"""`./scripts/document`: writes what is made from something else, so that the two can't differ.

The README's table of settings comes from `backend.settings.Settings`, the files of requirements from uv.lock.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from backend.settings import Settings

CHECKOUT = Path(__file__).parents[2]
BEGIN, END = "<!-- settings: made by ./scripts/document -->", "<!-- end of settings -->"
# What each file is for, and the groups of pyproject.toml in it.
REQUIREMENTS = {
    "requirements.txt": ("the service and the training", ("training",)),
    "requirements-service.txt": ("the web process and a worker on a CPU, without PyTorch", ()),
}
REQUIREMENTS_HEADER = """\
# Made from uv.lock by ./scripts/document: every package with its hashes.
# For {what}. It is complete, so install it with
#   pip install --require-hashes --no-deps --requirement {name}
# Without --no-deps pip refuses it: label-studio-ml 1.0.9 asks for obsolete releases, which pyproject.toml overrides.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, or only compare them; 1 where they are out of date and --check was given."""
    parser = argparse.ArgumentParser(prog="./scripts/document", description="Write the generated files anew.")
    parser.add_argument("--check", action="store_true", help="change nothing; fail if one is out of date")
    options = parser.parse_args(arguments)
    outdated = [name for name, text in generated().items() if _read(CHECKOUT / name) != text]
    for name in outdated:
        print(f"{name} is out of date: run ./scripts/document" if options.check else f"{name} written")
    if options.check:
        return 1 if outdated else 0
    for name, text in generated().items():
        (CHECKOUT / name).write_text(text)
    return 0


def generated() -> dict[str, str]:
    """The text of each generated file, by its name in the checkout."""
    files = {name: requirements(name) for name in REQUIREMENTS}
    return {"README.md": readme((CHECKOUT / "README.md").read_text()), **files}


def readme(text: str) -> str:
    """A README with its table of settings made anew.

    Raises:
        ValueError: the two comments that enclose the table are not there.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"The README has no place for the settings: enclose it in {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n{settings_table()}{END}{after}"


def settings_table() -> str:
    """Markdown table of all settings, in the order of the class."""
    rows = [
        f"| `{name.upper()}` | {_default(field)} | {field.description}{_choices(field)} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| setting | default | what it is |", "|---|---|---|", *rows, ""])


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
    return REQUIREMENTS_HEADER.format(what=what, name=name) + ended.stdout


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if value is None or value == "":
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _choices(field: FieldInfo) -> str:
    if get_origin(field.annotation) is not Literal:
        return ""
    return ": " + ", ".join(f"`{choice}`" for choice in get_args(field.annotation))


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
