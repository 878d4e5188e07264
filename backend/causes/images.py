"""Which cause stands behind the sentence that an image's trouble is kept as."""

import re

from backend.causes.kinds import CauseKind
from backend.causes.words import kind_of_words

_CODE = re.compile(r"\[([a-z0-9-]+)\]\s*$")

_WORDS = (
    ("image_max_", CauseKind.IMAGE_TOO_LARGE),
    ("image_decode_", CauseKind.IMAGE_TOO_LARGE),
    ("image is too large", CauseKind.IMAGE_TOO_LARGE),
    ("not an image", CauseKind.IMAGE_UNREADABLE),
    ("is not supported. use", CauseKind.IMAGE_UNREADABLE),
    ("save it again", CauseKind.IMAGE_UNREADABLE),
    ("upload it again", CauseKind.IMAGE_UNREADABLE),
    ("did not answer for other images", CauseKind.HOST_GIVEN_UP),
    ("it is redirected", CauseKind.REDIRECTED_FOR_EVER),
    ("not an address", CauseKind.IMAGE_ADDRESS),
    ("no browser can read", CauseKind.IMAGE_ADDRESS),
    ("data: address", CauseKind.IMAGE_ADDRESS),
    ("image_allow_private", CauseKind.ADDRESS_REFUSED),
    ("in time", CauseKind.NO_ANSWER_IN_TIME),
    ("timed out", CauseKind.NO_ANSWER_IN_TIME),
    ("(404)", CauseKind.NOT_FOUND),
    ("404 client error", CauseKind.NOT_FOUND),
    ("410 client error", CauseKind.NOT_FOUND),
    ("refuses the token", CauseKind.TOKEN_REFUSED),
    ("401 client error", CauseKind.NOT_ALLOWED),
    ("403 client error", CauseKind.NOT_ALLOWED),
    ("429 client error", CauseKind.TOO_MANY_REQUESTS),
    (" client error", CauseKind.REQUEST_REFUSED),
    ("502 server error", CauseKind.GATEWAY),
    ("503 server error", CauseKind.GATEWAY),
    ("504 server error", CauseKind.GATEWAY),
    (" server error", CauseKind.SERVER_ERROR),
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
    known = next((kind for word, kind in _WORDS if word in words), None)
    return known or kind_of_words(words) or CauseKind.OTHER
