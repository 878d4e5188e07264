"""Single fields of what Label Studio sends, each as its type or as nothing.

Imports and scripts put anything into annotations, and Label Studio hands it on: nothing is trusted to have its type, to
fit into a database's column, or to be text that can be stored.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from backend.project import is_id

AT_ONCE = timedelta(seconds=1)
"""Label Studio sets both times of a new annotation within microseconds; every later change moves the second."""


def moment(value: Any) -> datetime | None:
    """An ISO 8601 time in UTC; one without a zone is taken for UTC."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def seconds(value: Any) -> float | None:
    """A duration: finite and not negative."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        read = float(value)
    except OverflowError:
        return None
    return read if 0 <= read < math.inf else None


def share(value: Any) -> float | None:
    """A number in [0, 1], as confidences are."""
    read = seconds(value)
    return read if read is not None and read <= 1 else None


def reference(value: Any) -> int | None:
    """The id of what a field points to: a number, or an object with its `id`."""
    if isinstance(value, dict):
        value = value.get("id")
    return value if is_id(value) else None


def is_storable(value: str, longest: int) -> bool:
    """Whether a text of at most `longest` characters can be kept in any database: no NUL, no half of a character."""
    if len(value) > longest or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def regions(result: Any) -> list[dict[str, Any]]:
    """The regions of an annotation's or prediction's result; what is none is left out."""
    return [region for region in result if isinstance(region, dict)] if isinstance(result, list) else []


def is_untouched(annotation: Mapping[str, Any]) -> bool:
    """Whether an annotation is still as it was made; one whose times can't be read is not known to be."""
    created, updated = moment(annotation.get("created_at")), moment(annotation.get("updated_at"))
    return created is not None and updated is not None and updated - created < AT_ONCE
