"""A host of images: good ones, and those that no host should have."""

import struct
import threading
import time
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

from PIL import Image

from scripts.lab.benchmarks.images import picture

DRIP_SECONDS = 600.0


class Trap(StrEnum):
    """Addresses whose images can't be had, or should not be decoded."""

    DRIPPING = "dripping"
    DEAD = "dead"
    PAGE = "page"
    GONE = "gone"
    BITMAP = "bitmap"
    HUGE = "huge"
    CUT = "cut"
    NOISE = "noise"
    SVG = "svg"
    POSTSCRIPT = "postscript"


HOSTILE = (Trap.PAGE, Trap.BITMAP, Trap.HUGE, Trap.CUT, Trap.NOISE, Trap.SVG, Trap.POSTSCRIPT)


class ImageHost(ThreadingHTTPServer):
    """Draws a picture for each number; keeps traps beside them."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int) -> None:
        """Listen on a port of this machine; `serve` begins to answer."""
        super().__init__(("127.0.0.1", port), _ImageHandler)

    @property
    def url(self) -> str:
        """Address without a trailing slash."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def picture(self, number: int, pattern: int) -> str:
        """Address of a picture: its number makes it another file, its pattern is its class."""
        return f"{self.url}/picture/{pattern}/{number}.jpg"

    def trap(self, kind: Trap, number: int) -> str:
        """Address of something that is no good image."""
        return f"{self.url}/{kind}/{number}"

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that were killed while they asked."""

    def serve(self) -> None:
        """Answer in a thread of its own, until `shutdown`."""
        threading.Thread(target=self.serve_forever, name="images", daemon=True).start()


def _long_bitmap() -> bytes:
    """A run-length encoded BMP that is a kilobyte here and 100 million pixels there."""
    width, rle = 100_000_000, bytes([255, 7]) * 500
    header = struct.pack("<IiiHHIIiiII", 40, width, 1, 1, 8, 1, len(rle), 0, 0, 256, 0)
    palette = bytes(1024)
    offset = 14 + len(header) + len(palette)
    return struct.pack("<2sIHHI", b"BM", offset + len(rle), 0, 0, offset) + header + palette + rle


def _huge_png() -> bytes:
    """A PNG of 9,000 by 9,000 transparent pixels in few bytes."""
    written = BytesIO()
    Image.new("LA", (9_000, 9_000)).save(written, "PNG")
    return written.getvalue()


_MADE: dict[Trap, bytes] = {}


def content(kind: Trap, number: int) -> bytes:
    """What such an address gives."""
    if kind is Trap.CUT:
        return picture(number, 1)[:900]
    if kind is Trap.NOISE:
        return bytes((number * 37 + each * 101) % 256 for each in range(4_000))
    if kind not in _MADE:
        _MADE[kind] = {
            Trap.PAGE: lambda: b"<!doctype html><title>Log in</title>",
            Trap.SVG: lambda: b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
            Trap.POSTSCRIPT: lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%id) (r) file\n",
            Trap.BITMAP: _long_bitmap,
            Trap.HUGE: _huge_png,
        }[kind]()
    return _MADE[kind]


class _ImageHandler(BaseHTTPRequestHandler):
    server: ImageHost

    def do_GET(self) -> None:
        """Answer as the address says."""
        _, kind, *rest = self.path.split("/")
        number = int(rest[-1].partition(".")[0])
        if kind == "picture":
            self._send(200, "image/jpeg", picture(number, int(rest[0])))
        elif kind == Trap.GONE:
            self._send(404, "text/html", b"gone")
        elif kind == Trap.DEAD:
            time.sleep(DRIP_SECONDS)
        elif kind == Trap.DRIPPING:
            self._drip(picture(number, 0))
        else:
            self._send(200, "image/png", content(Trap(kind), number))

    def _drip(self, file: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(file)))
        self.end_headers()
        for byte in file:
            try:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
            except OSError:
                return
            time.sleep(1.0)

    def _send(self, status: int, kind: str, file: bytes) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(file)))
            self.end_headers()
            self.wfile.write(file)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        """Stay quiet."""
