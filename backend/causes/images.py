"""Which cause stands behind the sentence that an image's trouble is kept as."""

import re

from backend.causes.kinds import CauseKind

_CODE = re.compile(r"\[([a-z0-9-]+)\]\s*$")

_WORDS = (
    ("image_max_bytes", CauseKind.IMAGE_TOO_LARGE),
    ("image_max_pixels", CauseKind.IMAGE_TOO_LARGE),
    ("limit", CauseKind.IMAGE_TOO_LARGE),
    ("not an image", CauseKind.IMAGE_UNREADABLE),
    ("format", CauseKind.IMAGE_UNREADABLE),
    ("broken", CauseKind.IMAGE_UNREADABLE),
    ("truncated", CauseKind.IMAGE_UNREADABLE),
    ("decode", CauseKind.IMAGE_UNREADABLE),
    ("not an address", CauseKind.IMAGE_ADDRESS),
    ("data: address", CauseKind.IMAGE_ADDRESS),
    ("in time", CauseKind.NO_ANSWER_IN_TIME),
    ("(404)", CauseKind.NOT_FOUND),
    ("404 client error", CauseKind.NOT_FOUND),
    ("refuses the token", CauseKind.TOKEN_REFUSED),
    ("403 client error", CauseKind.NOT_ALLOWED),
)
"""By what releases before the codes wrote, and by what the model package says, in small letters."""


def cause_of_reason(reason: str) -> CauseKind:
    """The cause that a reason names at its end, or else that its words stand for.

    Args:
        reason: as the mirror keeps it.
    """
    found = _CODE.search(reason)
    if found and found[1] in set(CauseKind):
        return CauseKind(found[1])
    words = reason.lower()
    return next((kind for word, kind in _WORDS if word in words), CauseKind.OTHER)
