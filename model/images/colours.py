"""Any image as RGB of 8 bits, and resized to a square: a strip at a time, so that no second copy of it is in memory."""

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from PIL import Image, ImageCms

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

WHITE = (255, 255, 255)

STRIP = 1 << 21
"""Pixels that are converted together. Smaller images are converted as a whole."""


def to_square(image: Image.Image, side: int) -> Image.Image:
    """The whole image, no crop, as an RGB square.

    Bilinear: as good as bicubic on photographs (Caltech-101), and two points better where small images are enlarged
    (CIFAR-10, 400 labels); bicubic overshoots at edges.

    Args:
        image: any mode and any size from 1x1.
        side: in pixels, from 1.

    Returns:
        The same pixels as `to_rgb(image)` resized, but for rounding.
    """
    if _is_plain(image) or image.width * image.height <= STRIP:
        return to_rgb(image).resize((side, side), Image.Resampling.BILINEAR)
    # Pillow resizes along the longer side first, and rounds; done strip by strip, that gives the same.
    is_tall = image.height > image.width
    convert, narrow = _converter(image), Image.new("RGB", (image.width, side) if is_tall else (side, image.height))
    for corner, strip in _strips(image, upright=is_tall):
        shrunk = (strip.width, side) if is_tall else (side, strip.height)
        narrow.paste(convert(strip).resize(shrunk, Image.Resampling.BILINEAR), corner)
    return narrow.resize((side, side), Image.Resampling.BILINEAR)


def to_rgb(image: Image.Image) -> Image.Image:
    """Any Pillow mode as RGB of 8 bits: transparency on white, deep greys scaled (never clipped) to 0..255.

    Raises:
        ValueError: a mode that Pillow itself can't convert; no file opens as such.
    """
    return image if _is_plain(image) else _converter(image)(image)


def _is_plain(image: Image.Image) -> bool:
    return image.mode == "RGB" and "transparency" not in image.info


def _converter(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """What makes RGB of this image's strips; deep greys are scaled by the range of all of it."""
    if image.mode.startswith("I") or image.mode == "F":
        low, high = _range(image)
        return lambda strip: _eight_bits(strip, low, high)
    if image.mode == "LAB":
        return _lab_to_rgb
    return _on_white if image.has_transparency_data else lambda strip: strip.convert("RGB")


def _strips(image: Image.Image, *, upright: bool) -> Iterator[tuple[tuple[int, int], Image.Image]]:
    """Upper left corner and pixels of each strip, which is of whole columns if upright, else of whole rows."""
    width, height = image.size
    thickness = max(1, STRIP // (height if upright else width))
    for at in range(0, width if upright else height, thickness):
        if upright:
            yield (at, 0), image.crop((at, 0, min(at + thickness, width), height))
        else:
            yield (0, at), image.crop((0, at, width, min(at + thickness, height)))


def _on_white(image: Image.Image) -> Image.Image:
    coloured = image.convert("RGBA")
    ground = Image.new("RGB", image.size, WHITE)
    ground.paste(coloured, mask=coloured.getchannel("A"))
    return ground


def _range(image: Image.Image) -> tuple[float, float]:
    """The narrowest usual range that holds all values of a deep grey image.

    The modes don't tell the range: Pillow opens 16-bit PGM and 32-bit TIFF alike as "I", and "F" is as often 0..1 as
    0..255. Values outside the usual ranges are stretched between their own least and largest.
    """
    least, largest = math.inf, -math.inf
    for _, strip in _strips(image, upright=False):
        values = _deep(strip)
        least, largest = min(least, float(values.min())), max(largest, float(values.max()))
    usual = (1.0, 255.0, 65535.0) if image.mode == "F" else (65535.0,)
    fitting = [top for top in usual if largest <= top] if least >= 0 else []
    return (0.0, fitting[0]) if fitting else (least, largest)


def _eight_bits(image: Image.Image, low: float, high: float) -> Image.Image:
    """A deep grey image with this range scaled to 0..255."""
    import numpy as np  # noqa: PLC0415 - takes as long to load as all else that the decoding process needs

    values = _deep(image)
    values -= low
    # A flat image has no span; any divisor makes it black.
    values *= 255.0 / ((high - low) or 1.0)
    return Image.fromarray(np.rint(values, out=values).astype(np.uint8)).convert("RGB")


def _deep(image: Image.Image) -> "npt.NDArray[np.float32]":
    """Its values, those that are not finite as 0."""
    import numpy as np  # noqa: PLC0415 - see above

    values = np.array(image, dtype=np.float32)
    values[~np.isfinite(values)] = 0.0
    return values


def _lab_to_rgb(image: Image.Image) -> Image.Image:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    if converted is None:
        raise ValueError("the Lab colours can't be converted")
    return converted
