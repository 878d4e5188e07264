"""Which formats are decoded, told by a file's first bytes: no plugin of Pillow's ever sees another's."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from model.errors import ImageError

PAGE = "page"
"""What a server sends instead of an image: HTML, XML or JSON."""

HEAD = 512
"""How many of a file's first bytes tell its format."""

SUPPORTED = ("JPEG", "PNG", "WebP", "GIF", "TIFF", "BMP", "AVIF", "HEIC")
"""As people call them."""

PILLOW_NAMES: Mapping[str, str] = MappingProxyType({name: name.upper() for name in SUPPORTED} | {"HEIC": "HEIF"})
"""What Pillow calls each."""

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".avif", ".heic"}
    | {".heif", ".hif", ".mpo"}
)
"""Of files in these formats, in lower case."""

# ISO's media files begin with a box `ftyp`, which names the brand. Sequences of images have their first image decoded.
_SIGNATURES = (
    (rb"\xff\xd8\xff", "JPEG"),
    (rb"\x89PNG\r\n\x1a\n", "PNG"),
    (rb"RIFF....WEBP", "WebP"),
    (rb"GIF8[79]a", "GIF"),
    (rb"II(\*\0|\+\0)|MM(\0\*|\0\+)", "TIFF"),
    (rb"BM", "BMP"),
    (rb"....ftyp(avif|avis)", "AVIF"),
    (rb"....ftyp(hei[cxms]|hev[cxms])", "HEIC"),
    (rb"....ftyp(mif1|msf1).{4}(.{4})*?avi[fs]", "AVIF"),
    (rb"....ftyp(mif1|msf1)", "HEIC"),
    # What people try besides; named so that the message can say what it is.
    (rb"....ftyp|\x1aE\xdf\xa3|RIFF....AVI ", "Video"),
    (rb"%PDF", "PDF"),
    (rb"%!PS|\xc5\xd0\xd3\xc6", "EPS"),
    (rb"8BPS", "PSD"),
    (rb"\0\0\x01\0", "ICO"),
    (rb"icns", "ICNS"),
    (rb"....jP  |\xff\x4f\xff\x51", "JPEG 2000"),
    (rb"\xff\x0a|....JXL ", "JPEG XL"),
    (rb"SIMPLE  =", "FITS"),
    (rb".{128}DICM", "DICOM"),
    (rb"DDS ", "DDS"),
    (rb"P[1-7]\s", "PNM"),
    (rb"(\xef\xbb\xbf)?\s*(<(\?xml|!--|!DOCTYPE svg)[^>]*>\s*)*<svg", "SVG"),
    (rb"(\xef\xbb\xbf)?\s*<(?i:!doctype html|html|head|body|\?xml)", PAGE),
    (rb"\s*[\[{]\s*[\"\]}]", PAGE),
    (rb"PK\x03\x04", "A ZIP archive"),
    (rb"\x1f\x8b", "A gzip archive"),
)
_COMPILED = tuple((re.compile(pattern, re.DOTALL), name) for pattern, name in _SIGNATURES)


def recognise(data: bytes) -> str:
    """The format of a file, one of `SUPPORTED`.

    Args:
        data: the file, or its first `HEAD` bytes.

    Raises:
        ImageError: it is another; the text says which, and what to do.
    """
    head = bytes(data[:HEAD])
    name = next((name for pattern, name in _COMPILED if pattern.match(head)), None)
    if name is None:
        raise ImageError(
            f"The data is not an image of a known format. Use {listed()}; convert other images to PNG or JPEG."
        )
    if name == PAGE:
        raise ImageError("The address gives a page of text, not an image. Make it give the image itself.")
    if name not in SUPPORTED:
        raise ImageError(f"{name} is not supported. Use {listed()}: convert the image to PNG or JPEG.")
    return name


def listed() -> str:
    """The formats, for people."""
    return f"{', '.join(SUPPORTED[:-1])} or {SUPPORTED[-1]}"
