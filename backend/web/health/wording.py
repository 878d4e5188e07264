"""Numbers as a person reads them."""

from datetime import timedelta


def count(number: int, one: str, many: str) -> str:
    """A number with its noun."""
    return f"{number:,} {one if number == 1 else many}"


def duration(seconds: float) -> str:
    """A time to wait for, roughly."""
    whole = timedelta(seconds=round(seconds))
    if whole.days:
        return count(whole.days, "day", "days")
    hours, minutes = divmod(whole.seconds // 60, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes >= 2 else f"{whole.seconds} s"


def room(free: int) -> str:
    """Free space.

    Args:
        free: bytes.
    """
    return f"{free / 1e9:.1f} GB" if free >= 1e9 else f"{free / 1e6:.0f} MB"
