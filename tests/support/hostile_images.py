"""Image files that strangers might send: some cost far more to decode than to send, the others are broken anyhow."""

import base64
import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image

# 32 red pixels, squared; no encoder for HEIC is installed.
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAX1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJpbG9jAA"
    "AAAERAAAEAAQAAAAABoQABAAAAAAAAABsAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRtAAAAAAABAAAA/WlwcnAA"
    "AADdaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkA"
    "AAAwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAA"
    "AAAoY2xhcAAAACAAAAABAAAAIAAAAAH////gAAAAAv///+AAAAACAAAAEHBpeGkAAAAAAwgICAAAABhpcG1hAAAAAAAAAAEAAQWBAgMFhAAAAC"
    "NtZGF0AAAAFygBrxmA70mlv//ihh/5rWv+v61pj5uA"
)
VALID = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF")
REFUSED = ("EPS", "ICNS", "ICO", "BLP", "PCX", "TGA", "SGI", "PPM", "DDS", "JPEG2000", "PDF")


class HostileImage(NamedTuple):
    """One of them.

    Attributes:
        kind: what is wrong with it.
        content: the file.
    """

    kind: str
    content: bytes


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """The image as a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def noise(side: int, seed: int = 0, mode: str = "RGB") -> Image.Image:
    """A square that compresses badly."""
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


def rle_bmp(width: int = 100_000_000, height: int = 1) -> bytes:
    """A thousand bytes that promise a hundred million pixels, and end."""
    palette = bytes(4 * 256)
    offset = 14 + 40 + len(palette)
    body = b"\0\1"
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(body), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset) + header + palette + body


def progressive_jpeg(scans: int = 3_000, side: int = 4_000) -> bytes:
    """A JPEG that is gone over again and again: its last scan is repeated."""
    data = encoded(Image.new("L", (side, side), 77), "JPEG", progressive=True)
    start = data.rindex(b"\xff\xda")
    return data[:-2] + data[start:-2] * scans + data[-2:]


def overlapping_tiff(tiles: int = 2_000, side: int = 6_000) -> bytes:
    """A TIFF whose tiles all lie in one place of the file, and cover the picture many times."""
    tile = side * side // 2
    entries = [
        (256, 4, 1, side),
        (257, 4, 1, side),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (277, 3, 1, 1),
        (322, 4, 1, side // 2),
        (323, 4, 1, side),
        (324, 4, tiles, 8 + tile),
        (325, 4, tiles, 8 + tile + 4 * tiles),
    ]
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
    at = 8 + tile + 8 * tiles
    offsets, counts = struct.pack("<I", 8) * tiles, struct.pack("<I", tile) * tiles
    return b"II*\0" + struct.pack("<I", at) + bytes(tile) + offsets + counts + directory


def endless_gif() -> bytes:
    """A GIF that promises four billion pixels, and ends."""
    screen, table = struct.pack("<HHBBB", 65_535, 65_535, 0xF7, 0, 0), bytes(768)
    picture = struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0)
    return b"GIF89a" + screen + table + b"," + picture + b"\x08\x02\0\1\0;"


def chunk(kind: bytes, content: bytes) -> bytes:
    """One of a PNG's."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, colour: int, *extra: bytes, depth: int = 8) -> bytes:
    """A black PNG of any size, in a few thousandths of it.

    Args:
        width, height: in pixels.
        colour: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA.
        extra: chunks before the pixels.
        depth: bits of a value.
    """
    values = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row, packer = bytes(1 + width * values * depth // 8), zlib.compressobj(1)
    packed = b"".join([packer.compress(row) for _ in range(height)] + [packer.flush()])
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(extra) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def bombs(scale: float = 1.0) -> Iterator[HostileImage]:
    """Files that cost much: time, memory, or both.

    Args:
        scale: of their sides; 1 is what was seen.
    """
    side = int(10_000 * scale)
    black = zlib.compress(bytes(int(60_000_000 * scale)), 9)
    text = b"key\0\0" + black
    frames = [Image.new("L", (64, 64), number % 256) for number in range(int(3_000 * scale) + 2)]
    yield HostileImage("BMP, run-length, 100 million by 1", rle_bmp(int(100_000_000 * scale)))
    yield HostileImage("BMP, run-length, 1 by 100 million", rle_bmp(1, int(100_000_000 * scale)))
    yield HostileImage("JPEG of 3,000 scans", progressive_jpeg(int(3_000 * scale), max(200, int(4_000 * scale))))
    yield HostileImage("TIFF of 2,000 overlapping tiles", overlapping_tiff(int(2_000 * scale), 2 * int(3_000 * scale)))
    yield HostileImage("PNG, RGBA, 100 million pixels", png(side, side, 6))
    yield HostileImage("PNG, 16 bits, 100 million pixels", png(side, side, 0, depth=16))
    yield HostileImage(
        "PNG, palette, 100 million pixels", png(side, side, 3, chunk(b"PLTE", bytes(3)), chunk(b"tRNS", b"\0"))
    )
    yield HostileImage("PNG, text bomb", png(8, 8, 2, *[chunk(b"zTXt", text)] * 8))
    yield HostileImage("PNG, international text bomb", png(8, 8, 2, *[chunk(b"iTXt", b"k\0\1\0\0\0" + black)] * 8))
    yield HostileImage("PNG, profile bomb", png(8, 8, 2, chunk(b"iCCP", text)))
    yield HostileImage("PNG, huge EXIF", png(8, 8, 2, chunk(b"eXIf", b"MM\0*" + bytes(int(20_000_000 * scale)))))
    yield HostileImage("GIF of 3,000 frames", encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    yield HostileImage("GIF that promises 65,535 squared", endless_gif())
    yield HostileImage("JPEG, CMYK", encoded(Image.new("CMYK", (side // 2, side)), "JPEG"))
    yield HostileImage("JPEG, huge profile", encoded(noise(16), "JPEG", icc_profile=bytes(int(10_000_000 * scale))))
    yield HostileImage("JPEG, 65,500 wide", encoded(Image.new("L", (65_500, max(1, int(1_500 * scale)))), "JPEG"))
    for mode in ("F", "I", "I;16", "RGBA", "LAB", "CMYK"):
        deep = encoded(Image.new(mode, (side, side)), "TIFF", compression="tiff_adobe_deflate")
        yield HostileImage(f"TIFF, {mode}, 100 million pixels", deep)
    loop = b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 256, 3, 1, 9) + struct.pack("<I", 8)
    yield HostileImage("TIFF, directories in a circle", loop)
    yield HostileImage("TIFF, a tag of four billion values", loop[:10] + struct.pack("<HHII", 273, 4, 0xFFFFFFFF, 8))
    small = max(2, int(4_000 * scale))
    yield HostileImage("WebP, 16 million pixels", encoded(Image.new("RGBA", (small, small)), "WEBP", lossless=True))
    yield HostileImage("WebP, animation", encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:99]))
    yield HostileImage(
        "AVIF, animation", encoded(frames[0], "AVIF", save_all=True, append_images=frames[1:9], speed=10)
    )


def of_refused_formats() -> Iterator[HostileImage]:
    """Files that Pillow would read, by plugins that nobody needs; the last of them by starting Ghostscript."""
    for kind in REFUSED:
        yield HostileImage(f"format {kind}", encoded(Image.new("P" if kind == "BLP" else "RGB", (32, 32)), kind))
    eps = encoded(Image.new("RGB", (32, 32)), "EPS")
    yield HostileImage("format IPTC, EPS in it", iptc_with(eps))
    for name, content in {
        "SVG": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        "HTML": b"<!DOCTYPE html><html><body>Not found</body></html>",
        "JSON": b'{"detail": "Not found"}',
        "ZIP": b"PK\x03\x04" + bytes(60),
        "FITS": b"SIMPLE  =                    T" + b" " * 3_000,
        "PSD": b"8BPS\0\1" + bytes(60),
        "JPEG XL": b"\xff\x0a" + bytes(60),
        "video": b"\0\0\0\x18ftypmp42" + bytes(60),
    }.items():
        yield HostileImage(f"format {name}", content)


def iptc_with(content: bytes) -> bytes:
    """A file of IPTC records that carries another file."""

    def record(number: int, dataset: int, value: bytes) -> bytes:
        return struct.pack(">BBBH", 0x1C, number, dataset, len(value)) + value

    described = record(3, 20, b"\0\x20") + record(3, 30, b"\0\x20") + record(3, 60, b"\1\0") + record(3, 120, b"\1")
    return described + record(8, 10, content[:30_000])


def valid_files() -> dict[str, bytes]:
    """One ordinary file of each format."""
    return {kind: encoded(noise(24), kind) for kind in VALID} | {"HEIC": HEIC}


def mutated(seed: int) -> HostileImage:
    """A file that was ordinary once; another one for each seed."""
    chance = random.Random(seed)
    kind, original = chance.choice(list(valid_files().items()))
    changes: list[Callable[[bytearray], object]] = [
        lambda data: data.__setitem__(chance.randrange(len(data)), chance.randrange(256)),
        lambda data: data.__delitem__(slice(chance.randrange(len(data)), None)),
        lambda data: data.insert(chance.randrange(len(data)), chance.randrange(256)),
        lambda data: data.extend(data[chance.randrange(len(data)) :]),
        lambda data: data.__setitem__(slice(place := chance.randrange(len(data)), place + 4), b"\xff\xff\xff\xff"),
        lambda data: data.__setitem__(slice(place := chance.randrange(len(data)), place + 4), bytes(4)),
    ]
    data = bytearray(original)
    for _ in range(chance.choice([1, 1, 2, 4, 16])):
        if len(data) > 1:
            chance.choice(changes)(data)
    return HostileImage(f"{kind}, mutated", bytes(data))
