"""`./scripts/document`: writes what is made from something else, so that the two can't differ.

The README's table of settings comes from `backend.settings.Settings`, requirements.txt from uv.lock.
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
REQUIREMENTS_HEADER = """\
# Made from uv.lock by ./scripts/document: every package with its hashes. It is complete, so install it with
#   pip install --require-hashes --no-deps --requirement requirements.txt
# Without --no-deps pip refuses it: label-studio-ml 1.0.9 asks for obsolete releases, which pyproject.toml overrides.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write both files, or only compare them; 1 where they are out of date and --check was given."""
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
    return {"README.md": readme((CHECKOUT / "README.md").read_text()), "requirements.txt": requirements()}


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


def requirements() -> str:
    """The lock as pip reads it.

    Raises:
        CalledProcessError: uv refuses the lock, and says why on standard error.
    """
    command = [os.environ.get("UV", "uv"), "export", "--frozen", "--quiet", "--no-dev", "--no-emit-project"]
    form = ["--no-header", "--format", "requirements-txt"]
    ended = subprocess.run([*command, *form], cwd=CHECKOUT, check=True, stdout=subprocess.PIPE, text=True)
    return REQUIREMENTS_HEADER + ended.stdout


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
