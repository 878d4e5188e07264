"""Numbers as a person writes them on a command line."""


def whole_number(text: str) -> int:
    """Read a whole number from 0.

    Raises:
        ValueError: it is none; the text is for the person.
    """
    if not text.isdecimal():
        raise ValueError(f"{text} is not a whole number from 0 on")
    return int(text)


def inner_share(text: str) -> float:
    """Read a share of which something is left on both sides.

    Raises:
        ValueError: it is not between 0 and 1; the text is for the person.
    """
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0.0 < share < 1.0:
        raise ValueError(f"{text} is not between 0 and 1")
    return share
