"""Images that are written out in the task itself, as `data:` addresses."""

import base64
import binascii
from urllib.parse import unquote_to_bytes

from backend.images.budget import Taken
from backend.images.outcome import FetchProblem, UnavailableError, too_large

_HEADER = 1000
"""Characters that what comes before the comma has at most."""
_MOST_FOR_ONE = {True: 3 * 4 / 3, False: 3}
"""Characters that one byte is written with at most, by whether they are base64: each of them may be escaped."""
_FOLDED = 1.1
"""How much longer base64 gets by line breaks."""


def read_inline(address: str, limit: int, taken: Taken) -> bytes:
    """Decode a `data:` address; how much comes out is known before.

    Args:
        address: that begins with `data:`.
        limit: bytes.
        taken: told the size before anything is decoded.

    Raises:
        UnavailableError: no such address, larger than the limit, or there is no room for it.
    """
    comma = address.find(",", 0, _HEADER)
    if comma < 0:
        raise UnavailableError(FetchProblem.NOT_AN_ADDRESS, "a data: address without a comma.")
    is_base64 = address[:comma].lower().endswith(";base64")
    written = len(address) - comma - 1
    if written > limit * _MOST_FOR_ONE[is_base64] * _FOLDED:
        raise too_large(limit)
    plain = unquote_to_bytes(address[comma + 1 :])
    size = len(plain) * 3 // 4 if is_base64 else len(plain)
    if size > limit * _FOLDED:
        raise too_large(limit)
    taken(size)
    content = _from_base64(plain) if is_base64 else plain
    if len(content) > limit:
        raise too_large(limit)
    return content


def _from_base64(text: bytes) -> bytes:
    try:
        return base64.b64decode(text)
    except binascii.Error as error:
        message = f"a data: address that is not base64: {error}"
        raise UnavailableError(FetchProblem.NOT_AN_ADDRESS, message) from error
