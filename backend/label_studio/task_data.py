"""What a label config's `value="…"` stands for in the data of a task, as Label Studio's page resolves it.

Read off the page's code (release 1.23.2: `parseValue`, es-toolkit's `get`): a variable is `$` and then ASCII letters,
digits, `_`, `.`, brackets and braces. A value that is one variable stands for what the task has there, whatever it is;
in any other value each variable is replaced by its text. A field whose name is the whole variable wins over a path:
`$photo.url` is the field `photo.url` where there is one, and else `url` of the field `photo`. Beyond the page, a field
may have any name: `$Bild-Datei`.
"""

import re
from typing import Any

_VARIABLE = re.compile(r"\$([\w\[\].{}]+)", re.ASCII)
_INDEX = re.compile(r"0|[1-9]\d{0,8}")


def names_a_field(value: str) -> bool:
    """Whether anything of a task shows in a value."""
    return _VARIABLE.search(value) is not None or (value.startswith("$") and len(value) > 1)


def image_address(value: str, data: Any) -> str:
    """The address that an Image tag shows.

    Args:
        value: of the tag.
        data: of a task, as Label Studio sends it: not trusted to be well-formed.

    Returns:
        Of several images the first; "" where the task has none, or lacks anything that the value names.
    """
    found = _whole(value, data)
    if isinstance(found, list):
        found = found[0] if found else None
    return found if isinstance(found, str) else ""


def _whole(value: str, data: Any) -> Any:
    named = value.removeprefix("$")
    if named != value and isinstance(data, dict) and named in data:
        return data[named]
    if variable := _VARIABLE.fullmatch(value):
        return _get(data, variable[1])
    parts = {found: _get(data, found) for found in _VARIABLE.findall(value)}
    if not parts or not all(_has_text(part) for part in parts.values()):
        return None
    return _VARIABLE.sub(lambda variable: str(parts[variable[1]]), value)


def _get(data: Any, variable: str) -> Any:
    if isinstance(data, dict) and variable in data:
        return data[variable]
    for key in _path(variable):
        if isinstance(data, dict):
            data = data.get(key)
        elif isinstance(data, list) and _INDEX.fullmatch(key) and int(key) < len(data):
            data = data[int(key)]
        else:
            return None
    return data


def _path(variable: str) -> list[str]:
    """Keys one below the other: `a.b[0]` is a, b, 0. Within brackets, a dot is a letter."""
    keys = [""] if variable.startswith(".") else []
    for within, outside in re.findall(r"\[([^\]]*)(?:\]|$)|([^.\[]+)", variable):
        keys.append(outside or within)
    return keys


def _has_text(value: Any) -> bool:
    """Whether a value is written alike here and on the page."""
    return isinstance(value, str | int) and not isinstance(value, bool)
