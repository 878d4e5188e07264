"""One image file decoded in this process. For a stranger's bytes this is called in a process of their own only."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from PIL import ExifTags, Image, UnidentifiedImageError

from model.errors import ImageError
from model.images.colours import to_square
from model.images.formats import PILLOW_NAMES, recognise
from model.images.limits import ImageLimits

# Named one by one: Pillow loads all of its plugins where one that it is asked for is not loaded.
PLUGINS = ("Avif", "Bmp", "Gif", "Jpeg", "Png", "Tiff", "WebP")

# A JPEG is decoded at a fraction of its size only while this many times the wanted size is left for the resize proper.
DRAFT_MARGIN = 3

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes an image upright, by its EXIF orientation."""


def load_plugins() -> None:
    """Load what reads the supported formats. One thread per image: there is a process per core."""
    for name in PLUGINS:
        import_module(f"PIL.{name}ImagePlugin")
    setattr(import_module("PIL.AvifImagePlugin"), "DEFAULT_MAX_THREADS", 1)  # noqa: B010 - a module imported by name


def decode_square(data: bytes, limits: ImageLimits, side: int) -> tuple[Image.Image, tuple[int, int]]:
    """The image as a person sees it in a browser, as a square: first frame, upright, on white, RGB of 8 bits.

    Args:
        data: a file of a supported format.
        limits: of bytes and pixels, checked before any pixel is decoded.
        side: of the square, in pixels. A JPEG much larger than that is decoded at a fraction of its size, several times
            faster.

    Returns:
        The square, and the width and height of the image in the file.

    Raises:
        ImageError: the data is no image of a supported format, broken, cut short, or over a limit.
        MemoryError: there is not enough of it.
    """
    with opened(data, limits) as image:
        size = image.size
        return to_square(upright(image, side), side), size


@contextmanager
def opened(data: bytes, limits: ImageLimits) -> Iterator[Image.Image]:
    """The image before any pixel is decoded; whatever goes wrong meanwhile is an ImageError that names the format.

    Raises:
        ImageError, MemoryError: see `decode_square`.
    """
    check_bytes(data, limits)
    name = recognise(data)
    # Plugins parse the bytes, and broken ones make them raise nearly anything (SyntaxError, struct.error, KeyError …):
    # all of it means the same here.
    try:
        with _open(data, name) as image:
            _check_size(image, limits)
            yield image
    except (ImageError, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(f"The {name} image is too large: {error} Make the image smaller.") from error
    except Exception as error:
        reason = _reason(error)
        raise ImageError(f"The {name} image is broken or cut short ({reason}). Save or upload it again.") from error


def upright(image: Image.Image, size_hint: int | None = None) -> Image.Image:
    """Decode the first frame, and turn it as its EXIF says.

    Args:
        image: as `opened` gives it.
        size_hint: the side in pixels to which the caller will shrink the image. A JPEG is never decoded below twice the
            hint unless the image is.
    """
    if size_hint is not None:
        image.draft(None, (size_hint * DRAFT_MARGIN, size_hint * DRAFT_MARGIN))
    image.load()
    turn = TURNS.get(_orientation(image))
    return image if turn is None else image.transpose(turn)


def check_bytes(data: bytes, limits: ImageLimits) -> None:
    """Refuse a file by its size.

    Raises:
        ImageError: it is empty, or over the limit.
    """
    if not data:
        raise ImageError("The image is empty (0 bytes). Upload it again.")
    if len(data) > limits.max_bytes:
        raise ImageError(
            f"The image has {len(data):,} bytes, over the limit of {limits.max_bytes:,} (IMAGE_MAX_BYTES). "
            "Make the image smaller or raise the limit."
        )


def _reason(error: Exception) -> str:
    # What Pillow says of a file that no plugin wants names an object in memory.
    return "its header" if isinstance(error, UnidentifiedImageError) else str(error) or type(error).__name__


def _open(data: bytes, name: str) -> Image.Image:
    if name == "HEIC":
        _load_heif()
    return Image.open(io.BytesIO(data), formats=(PILLOW_NAMES[name],))


def _load_heif() -> None:
    """Few people have HEIC, so it is loaded when it is met."""
    if "HEIF" not in Image.OPEN:
        from pi_heif import register_heif_opener  # noqa: PLC0415 - see above

        register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)


def _check_size(image: Image.Image, limits: ImageLimits) -> None:
    width, height = image.size
    if width < 1 or height < 1:
        raise ImageError(f"The image has no pixels ({width}x{height}). Save it again.")
    if width * height > limits.max_pixels:
        raise ImageError(
            f"The image has {width}x{height} = {width * height:,} pixels, over the limit of {limits.max_pixels:,} "
            "(IMAGE_MAX_PIXELS). Make the image smaller or raise the limit."
        )


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except MemoryError:
        raise
    except Exception:
        # A broken EXIF block is no reason to lose the picture: it stays as stored then.
        return 1
