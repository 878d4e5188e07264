"""Whatever file comes in: upright RGB of 8 bits goes out, or an ImageError that says why not."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from model.errors import ImageError
from model.images.colours import to_rgb
from model.images.decode import load_plugins, opened, upright
from model.images.limits import ImageLimits

# Pillow warns of much that it mends or refuses; broken files are this module's point.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

LIMITS = ImageLimits()
RED, WHITE = (255, 0, 0), (255, 255, 255)


load_plugins()


def decode(data: bytes, limits: ImageLimits, size_hint: int | None = None) -> Image.Image:
    """The whole image, which is a square in everyday use."""
    with opened(data, limits) as image:
        return to_rgb(upright(image, size_hint))


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def colours(image: Image.Image) -> np.ndarray:
    return np.asarray(image).reshape(-1, 3)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_that_claims(width: int, height: int) -> bytes:
    """A few hundred bytes that announce an image of any size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "MPO"])
def test_every_format_gives_its_colour_as_rgb(kind: str) -> None:
    image = decode(encoded(Image.new("RGB", (32, 32), RED), kind), LIMITS)
    assert (image.mode, image.size) == ("RGB", (32, 32))
    assert np.abs(colours(image).astype(int) - RED).max() <= 3


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "I;16"])
def test_a_white_image_is_white_in_every_mode(mode: str) -> None:
    deep = {"I": 65535, "I;16": 65535, "F": 1.0, "1": 1, "L": 255}
    white = Image.new(mode, (4, 3), deep[mode]) if mode in deep else Image.new("RGB", (4, 3), WHITE)
    if mode == "LAB":
        white = Image.merge("LAB", [Image.new("L", (4, 3), value) for value in (255, 128, 128)])
    image = to_rgb(white if mode in deep or mode == "LAB" else white.convert(mode))
    assert (image.mode, image.size) == ("RGB", (4, 3))
    assert colours(image).min() >= 253


def test_every_exif_orientation_comes_out_upright() -> None:
    upright = Image.new("RGB", (40, 24), WHITE)
    upright.paste(RED, (0, 0, 20, 12))
    undone = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    for orientation, turn in undone.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored = upright.transpose(turn) if turn is not None else upright
        image = decode(encoded(stored, "PNG", exif=exif), LIMITS)
        np.testing.assert_array_equal(np.asarray(image), np.asarray(upright), err_msg=f"orientation {orientation}")


def test_a_broken_exif_block_does_not_lose_the_picture() -> None:
    data = encoded(Image.new("RGB", (16, 16), RED), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff rubbish")
    assert decode(data, LIMITS).size == (16, 16)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_what_is_transparent_becomes_white(mode: str, kind: str) -> None:
    data = encoded(Image.new("RGBA", (8, 8), (255, 0, 0, 0)).convert(mode), kind)
    assert (colours(decode(data, LIMITS)) == WHITE).all()


def test_what_is_half_transparent_is_mixed_with_white() -> None:
    data = encoded(Image.new("RGBA", (8, 8), (0, 0, 0, 128)), "PNG")
    assert set(np.unique(colours(decode(data, LIMITS)))) <= {126, 127, 128}


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_transparent_palette_colour_becomes_white(kind: str) -> None:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 255, 255, 0, 0])
    image.paste(0, (0, 0, 4, 8))
    pixels = np.asarray(decode(encoded(image, kind, transparency=0), LIMITS))
    assert (pixels[:, :4] == WHITE).all()
    assert (pixels[:, 4:] == RED).all()


def test_a_cmyk_jpeg_keeps_its_colour() -> None:
    data = encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG")
    assert np.abs(colours(decode(data, LIMITS)).astype(int) - RED).max() <= 3


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_and_not_clipped(kind: str) -> None:
    deep = np.array([[0, 257, 16448, 32896, 65535]], dtype=np.uint16)
    greys = np.asarray(decode(encoded(Image.fromarray(deep), kind), LIMITS))[0, :, 0]
    assert greys.tolist() == [0, 1, 64, 128, 255]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 100.0, 255.0], [0, 100, 255]),
        ([0.0, 257.0, 65535.0], [0, 1, 255]),
        ([-1000.0, 0.0, 1000.0], [0, 128, 255]),
        ([0.0, float("nan"), 1.0], [0, 0, 255]),
    ],
)
def test_floating_greys_are_scaled_by_the_range_they_use(values: list[float], expected: list[int]) -> None:
    data = encoded(Image.fromarray(np.array([values], dtype=np.float32)), "TIFF")
    assert np.asarray(decode(data, LIMITS))[0, :, 0].tolist() == expected


def test_a_flat_deep_image_is_no_error() -> None:
    assert decode(encoded(Image.new("F", (4, 4), -3.0), "TIFF"), LIMITS).size == (4, 4)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_an_animation_the_first_frame_counts(kind: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255))]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    assert np.abs(colours(decode(data, LIMITS)).astype(int) - RED).max() <= 3


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"])
def test_a_file_cut_short_is_an_image_error_wherever_it_is_cut(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    for share in (0.01, 0.1, 0.5, 0.9):
        with pytest.raises(ImageError):
            decode(data[: int(len(data) * share)], LIMITS)


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"<html>not found</html>", b"\x89PNG\r\n\x1a\n", bytes(1000)])
def test_what_is_no_image_is_an_image_error_that_says_what_to_do(data: bytes) -> None:
    with pytest.raises(ImageError, match=r"(Use|Upload|Save|Make) "):
        decode(data, LIMITS)


def test_flipped_bytes_never_raise_anything_but_an_image_error() -> None:
    random = np.random.default_rng(0)
    wrong = []
    for kind in ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF"):
        original = encoded(Image.fromarray(random.integers(0, 256, (24, 24, 3), dtype=np.uint8)), kind)
        for _ in range(40):
            broken = bytearray(original)
            for place in random.integers(0, min(len(broken), 200), 4):
                broken[place] = random.integers(0, 256)
            try:
                decode(bytes(broken), ImageLimits(max_pixels=1_000_000))
            except ImageError:
                pass
            except Exception as error:
                wrong.append((kind, error))
    assert wrong == []


def test_too_many_bytes_are_refused_with_the_limit_named() -> None:
    with pytest.raises(ImageError, match="over the limit of 10"):
        decode(bytes(11), ImageLimits(max_bytes=10))


def test_too_many_pixels_are_refused_before_any_is_decoded() -> None:
    with pytest.raises(ImageError, match="8000x8000 = 64,000,000 pixels, over the limit of 1,000,000"):
        decode(png_that_claims(8000, 8000), ImageLimits(max_pixels=1_000_000))


def test_a_decompression_bomb_is_an_image_error() -> None:
    with pytest.raises(ImageError, match="too large"):
        decode(png_that_claims(100_000, 100_000), LIMITS)


def test_an_image_of_exactly_the_limit_is_decoded() -> None:
    data = encoded(Image.new("RGB", (10, 10), RED), "PNG")
    assert decode(data, ImageLimits(max_bytes=len(data), max_pixels=100)).size == (10, 10)


def test_postscript_is_refused_for_it_would_run_a_program() -> None:
    with pytest.raises(ImageError, match="EPS is not supported"):
        decode(encoded(Image.new("RGB", (8, 8), RED), "EPS"), LIMITS)


def test_a_size_hint_shrinks_a_large_jpeg_but_never_below_twice_the_hint() -> None:
    data = encoded(Image.new("RGB", (4000, 3000), RED), "JPEG")
    assert min(decode(data, LIMITS, size_hint=224).size) in range(448, 896)
    assert decode(data, LIMITS).size == (4000, 3000)


def test_a_size_hint_leaves_small_and_other_images_alone() -> None:
    image = Image.new("RGB", (700, 500), RED)
    assert decode(encoded(image, "JPEG"), LIMITS, size_hint=224).size == (700, 500)
    assert decode(encoded(image.resize((2000, 2000)), "PNG"), LIMITS, size_hint=224).size == (2000, 2000)


def test_a_size_hint_leaves_the_orientation_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(Image.new("RGB", (4000, 2000), RED), "JPEG", exif=exif)
    assert decode(data, LIMITS, size_hint=224).size == (1000, 2000)
