"""Tables of the settings, from `backend.settings.Settings`."""

from collections.abc import Iterable
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from backend.settings import Settings

NEEDED = (
    "label_studio_url",
    "label_studio_api_key",
    "redis_url",
    "model_dir",
    "basic_auth_user",
    "basic_auth_pass",
    "webhook_secret",
    "backbone",
)
"""What people need to set or know; the README has no others."""


def settings_table(names: Iterable[str] = tuple(Settings.model_fields)) -> str:
    """Markdown table of some settings.

    Args:
        names: fields of `Settings`, in the order of the rows.
    """
    rows = [_row(name, Settings.model_fields[name]) for name in names]
    return "\n".join(["| setting | default | what it is |", "|---|---|---|", *rows, ""])


def _row(name: str, field: FieldInfo) -> str:
    return f"| `{name.upper()}` | {_default(field)} | {field.description}{_choices(field)} |"


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if value is None or value == "":
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _choices(field: FieldInfo) -> str:
    """What the setting may be, unless its description says so already."""
    if get_origin(field.annotation) is not Literal:
        return ""
    choices = [f"`{choice}`" for choice in get_args(field.annotation)]
    return "" if all(choice in str(field.description) for choice in choices) else f": {', '.join(choices)}"
