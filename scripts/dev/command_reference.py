"""The commands part of docs/reference.md, from the help of the commands themselves."""

import re
import textwrap

from typer.models import Context

from backend.settings import Settings
from scripts.cli.options import CHECKOUT
from scripts.dev.launchers import Launcher, launchers

WIDTH = 120
CODE = re.compile(rf"(?<![\w`/-])(--[a-z][a-z-]*|\./scripts/\w+|{'|'.join(Settings.model_fields).upper()})\b")
NAMED_DEFAULT = re.compile(r"\[default: \((.+?)\)")
"""typer puts a default that is no value, such as "all", in brackets."""
PAGE = re.compile(r"\bdocs/([\w-]+\.md)")


def command_reference() -> str:
    """A section for each command, in Markdown."""
    return "\n".join(f"{section(launcher)}\n" for launcher in launchers())


def section(launcher: Launcher) -> str:
    """Title, help and options of one command."""
    paragraphs = [_reflowed(paragraph) for paragraph in (launcher.command.help or "").split("\n\n")]
    context = Context(launcher.command)
    records = [record for each in launcher.command.params if (record := each.get_help_record(context))]
    rows = [f"| `{_cell(name)}` | {_cell(marked(text))} |" for name, text in records]
    table = "\n".join(["| option | what it does |", "|---|---|", *rows])
    return "\n\n".join([f"### `{launcher.path}`", *paragraphs, table])


def marked(text: str) -> str:
    """Help in Markdown: options, commands and settings as code, pages as links."""
    return PAGE.sub(r"[\1](\1)", CODE.sub(r"`\1`", text))


def _cell(text: str) -> str:
    """One line of a table, in which folders are seen from the checkout."""
    line = " ".join(text.replace(f"{CHECKOUT}/", "").split())
    return NAMED_DEFAULT.sub(r"[default: \1", line).replace("|", "\\|")


def _reflowed(paragraph: str) -> str:
    return textwrap.fill(marked(" ".join(paragraph.split())), WIDTH, break_long_words=False, break_on_hyphens=False)
