"""Names made from the time: in their order, what is kept was made one after the other."""

import re
import secrets
from datetime import UTC, datetime


def new_name(now: datetime | None = None) -> str:
    """A name to the millisecond, for what a project makes one of at a time.

    Args:
        now: the time; None for now.
    """
    moment = now or datetime.now(UTC)
    return f"{moment:%Y%m%d-%H%M%S}-{moment.microsecond // 1000:03d}"


def is_name(text: str) -> bool:
    """Whether a text has the form of `new_name`."""
    return re.fullmatch(r"\d{8}-\d{6}-\d{3}", text) is not None


def new_unique_name(now: datetime | None = None) -> str:
    """A name that is unique even where two are made in the same millisecond.

    Args:
        now: the time; None for now.
    """
    return f"{new_name(now)}-{secrets.token_hex(4)}"
