"""What the mirror keeps of an image's trouble is counted by its cause, whoever worded it."""

import pytest

from backend.causes.images import cause_of_reason
from backend.causes.kinds import CauseKind
from model.errors import ImageError
from model.images.decoders import Decoders
from model.images.limits import ImageLimits

pytestmark = pytest.mark.fault("R6")


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("http://x/1.png: there is nothing at this address (404). [not-found]", CauseKind.NOT_FOUND),
        ("/data/upload/1/x.png: Label Studio has no /data/upload/1/x.png (404).", CauseKind.NOT_FOUND),
        ("http://x/1.png: 404 Client Error: Not Found for url: http://x/1.png", CauseKind.NOT_FOUND),
        ("http://x/1.png: 403 Client Error: Forbidden for url: http://x/1.png", CauseKind.NOT_ALLOWED),
        ("http://x/1.png: Failed to resolve 'x' ([Errno -2] Name or service not known)", CauseKind.UNKNOWN_HOST),
        ("https://x/1.png: certificate verify failed: self-signed certificate", CauseKind.CERTIFICATE_UNKNOWN),
        ("http://x/1.png: not fetched in time.", CauseKind.NO_ANSWER_IN_TIME),
        ("spam: not an address that an image can be fetched from.", CauseKind.IMAGE_ADDRESS),
        ("x: larger than the limit of 1,000 bytes (IMAGE_MAX_BYTES).", CauseKind.IMAGE_TOO_LARGE),
        ("x: a reason that nobody has seen before [no-such-code]", CauseKind.OTHER),
    ],
)
def test_reasons_are_told_by_their_code_or_else_by_their_words(reason: str, kind: CauseKind) -> None:
    assert cause_of_reason(reason) is kind


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<html>Log in</html>",
        b"",
        b"%PDF-1.7",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        b"GIF89a",
    ],
)
def test_whatever_decoding_refuses_is_counted_as_an_unreadable_image(content: bytes) -> None:
    with Decoders(ImageLimits()) as decoders, pytest.raises(ImageError) as refused:
        decoders.decode(content, 224)
    assert cause_of_reason(str(refused.value)) is CauseKind.IMAGE_UNREADABLE
