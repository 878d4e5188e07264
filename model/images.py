"""From an image file's bytes to upright RGB pixels, whatever the format, with limits on what a stranger may send."""

import contextlib
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from model.errors import ImageError

# Pillow hands these to an outside program (Ghostscript), which is no place for a stranger's bytes.
REFUSED_FORMATS = frozenset({"EPS"})
WHITE = (255, 255, 255)
# A JPEG is decoded at a fraction of its size only while this many times the wanted size is left for the resize proper.
DRAFT_MARGIN = 3


@dataclass(frozen=True)
class ImageLimits:
    """The most that one image may ask of us.

    Attributes:
        max_bytes: size of the file.
        max_pixels: width times height of the first frame. Pillow's own ceiling of about 179 million holds besides.
    """

    max_bytes: int = 50_000_000
    max_pixels: int = 100_000_000


def decode(data: bytes, limits: ImageLimits, size_hint: int | None = None) -> Image.Image:
    """The image as a person sees it in a browser: first frame, upright, on white, RGB of 8 bits.

    Args:
        data: a file of any format that Pillow reads, but EPS.
        limits: checked before any pixel is decoded.
        size_hint: the side in pixels to which the caller will shrink the image. A JPEG much larger than that is
            decoded at a fraction of its size, several times faster; the result is never below twice the hint
            unless the image is.

    Returns:
        An image of mode RGB.

    Raises:
        ImageError: the data is no image, broken, cut short, or over a limit.
    """
    _check_bytes(data, limits)
    # Dozens of format plugins parse the bytes, and broken ones make them raise nearly anything (SyntaxError,
    # struct.error, KeyError, MemoryError ...): all of it means the same here.
    try:
        image = Image.open(io.BytesIO(data))
    except UnidentifiedImageError:
        raise ImageError("The data is not an image of a known format. Use JPEG, PNG, WebP, GIF or TIFF.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(f"The image is too large: {error} Make the image smaller.") from error
    except Exception as error:
        raise ImageError(f"The image's header is broken ({_reason(error)}). Save the image again.") from error
    with image:
        _check_header(image, limits)
        if size_hint is not None:
            image.draft(None, (size_hint * DRAFT_MARGIN, size_hint * DRAFT_MARGIN))
        try:
            image.load()
            # A broken EXIF block is no reason to lose the picture: it stays as stored then.
            with contextlib.suppress(Exception):
                ImageOps.exif_transpose(image, in_place=True)
            return to_rgb(image)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise ImageError(f"The image is too large: {error} Make the image smaller.") from error
        except Exception as error:
            raise ImageError(
                f"The {image.format} image is broken or cut short ({_reason(error)}). Save or upload it again."
            ) from error


def to_rgb(image: Image.Image) -> Image.Image:
    """Any Pillow mode as RGB of 8 bits: transparency on white, deep greys scaled (never clipped) to 0..255.

    Raises:
        ValueError: a mode that Pillow itself can't convert; no file opens as such.
    """
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_eight_bits(image)).convert("RGB")
    if image.mode == "LAB":
        return _lab_to_rgb(image)
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        ground = Image.new("RGB", image.size, WHITE)
        ground.paste(coloured, mask=coloured.getchannel("A"))
        return ground
    return image.convert("RGB")


def _check_bytes(data: bytes, limits: ImageLimits) -> None:
    if not data:
        raise ImageError("The image is empty (0 bytes). Upload it again.")
    if len(data) > limits.max_bytes:
        raise ImageError(
            f"The image has {len(data):,} bytes, over the limit of {limits.max_bytes:,}. "
            "Make the image smaller or raise the limit."
        )


def _check_header(image: Image.Image, limits: ImageLimits) -> None:
    if image.format in REFUSED_FORMATS:
        raise ImageError(f"{image.format} images are not supported. Convert the image to PNG.")
    width, height = image.size
    if width < 1 or height < 1:
        raise ImageError(f"The image has no pixels ({width}x{height}). Save it again.")
    if width * height > limits.max_pixels:
        raise ImageError(
            f"The image has {width}x{height} = {width * height:,} pixels, over the limit of {limits.max_pixels:,}. "
            "Make the image smaller or raise the limit."
        )


def _eight_bits(image: Image.Image) -> npt.NDArray[np.uint8]:
    """A deep grey image scaled to uint8 by the narrowest usual range that holds all its values.

    The modes don't tell the range: Pillow opens 16-bit PGM and 32-bit TIFF alike as "I", and "F" is as often 0..1 as
    0..255. Values outside the usual ranges are stretched between their own least and largest.
    """
    values = np.array(image, dtype=np.float32)
    values[~np.isfinite(values)] = 0.0
    least, largest = float(values.min()), float(values.max())
    usual = (1.0, 255.0, 65535.0) if image.mode == "F" else (65535.0,)
    fitting = [top for top in usual if largest <= top] if least >= 0 else []
    low, high = (0.0, fitting[0]) if fitting else (least, largest)
    values -= low
    # A flat image has no span; any divisor makes it black.
    values *= 255.0 / ((high - low) or 1.0)
    return np.rint(values, out=values).astype(np.uint8)


def _lab_to_rgb(image: Image.Image) -> Image.Image:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    if converted is None:
        raise ValueError("the Lab colours can't be converted")
    return converted


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
