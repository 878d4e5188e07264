"""Which formats are decoded; everything else is refused before anything parses it, by a message that names it."""

import subprocess
import sys
from pathlib import Path

import pytest

from model.errors import ImageError
from model.images.decoders import Decoders
from model.images.formats import SUPPORTED, listed, recognise
from model.images.limits import ImageLimits
from tests.support import hostile_images

REFUSED = list(hostile_images.of_refused_formats())


def test_ordinary_files_are_recognised_by_their_first_bytes() -> None:
    recognised = {kind: recognise(data) for kind, data in hostile_images.valid_files().items()}
    assert recognised == {kind: kind for kind in recognised if kind != "WEBP"} | {"WEBP": "WebP"}
    assert sorted(recognised.values()) == sorted(SUPPORTED)


@pytest.mark.fault("S3")
@pytest.mark.parametrize("image", REFUSED, ids=[image.kind for image in REFUSED])
def test_a_format_that_few_people_use_is_refused(image: hostile_images.HostileImage) -> None:
    with pytest.raises(ImageError, match=r"(Use JPEG, PNG, .* or HEIC|Make it give the image itself)"):
        recognise(image.content)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"%PDF-1.7", "PDF is not supported"),
        (b"8BPS\0\1", "PSD is not supported"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "SVG is not supported"),
        (b"<?xml version='1.0'?>\n<!-- by hand -->\n<svg>", "SVG is not supported"),
        (b"<html>not found</html>", "page of text"),
        (b'  {"detail": "not found"}', "page of text"),
        (b"\0\0\0\x1cftypisom", "Video is not supported"),
        (bytes(99), "known format"),
    ],
)
def test_the_message_says_what_came_instead(content: bytes, name: str) -> None:
    with pytest.raises(ImageError, match=name):
        recognise(content)


@pytest.mark.fault("S3")
def test_whatever_comes_only_the_plugins_of_the_supported_formats_are_loaded() -> None:
    program = """
import sys
from model.errors import ImageError
from model.images.decode import decode_square, load_plugins
from model.images.limits import ImageLimits
from tests.support.hostile_images import mutated, of_refused_formats
files = [image.content for image in of_refused_formats()] + [mutated(seed).content for seed in range(50)]
for name in [name for name in sys.modules if name.startswith("PIL.") and name.endswith("ImagePlugin")]:
    del sys.modules[name]
from PIL import Image
Image.OPEN.clear()
load_plugins()
for content in files:
    try:
        decode_square(content, ImageLimits(), 32)
    except ImageError:
        pass
print(*sorted(Image.OPEN))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    # Pillow itself loads PPM's with the others; nothing is ever handed to it.
    assert set(done.stdout.split()) - {"PPM"} <= {
        "AVIF",
        "BMP",
        "DIB",
        "GIF",
        "HEIF",
        "JPEG",
        "MPO",
        "PNG",
        "TIFF",
        "WEBP",
    }


@pytest.mark.fault("S3")
def test_a_decoding_process_starts_no_program_reaches_no_host_and_writes_no_file(tmp_path: Path) -> None:
    program = """
import os, socket, subprocess, sys
from pathlib import Path
from model.images import process
process._confine(500)
for forbidden in (
    lambda: subprocess.run(["gs"]),
    lambda: os.system("gs"),
    lambda: os.fork(),
    lambda: socket.create_connection(("127.0.0.1", 1)),
    lambda: Path(sys.argv[1]).write_text("x"),
):
    try:
        forbidden()
        print("done")
    except Exception as error:
        print("refused")
"""
    command = [sys.executable, "-c", program, str(tmp_path / "written")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["refused"] * 5


def test_heic_is_decoded() -> None:
    with Decoders(ImageLimits()) as decoders:
        pixels = decoders.decode(hostile_images.HEIC, 8).pixels
    assert abs(pixels.reshape(-1, 3).mean(axis=0) - (255, 0, 0)).max() < 5


def test_the_list_for_people_is_complete() -> None:
    assert listed() == "JPEG, PNG, WebP, GIF, TIFF, BMP, AVIF or HEIC"
