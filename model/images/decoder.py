"""A decoding process, seen from the process that has it decode."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from model.errors import DecodingError, ImageError, UndecidedError
from model.images.limits import ImageLimits
from model.images.wire import READY, DecodeOutcome, Reply, Request, limit_wait, receive, receive_reply, send

Pixels = npt.NDArray[np.uint8]

CHECKOUT = Path(__file__).parents[2]

START_SECONDS = 60.0
"""A process that is not ready by then is given up; a tenth of a second is usual."""

PATIENCE = 10
"""So many times its limit of a core's time an image may take by the clock: other programs want the cores, too."""

LONGEST_REASON = 1_000
CHANNELS = 3


class Decoded(NamedTuple):
    """An image, ready for a network.

    Attributes:
        pixels: uint8 (side, side, 3), R, G, B.
        width, height: of the image in the file.
    """

    pixels: Pixels
    width: int
    height: int


class Decoder:
    """One process, and one thread at a time that uses it."""

    def __init__(self, megabytes: int) -> None:
        """Start the process; that it is ready is waited for with the first image.

        Args:
            megabytes: of memory that it may have.

        Raises:
            DecodingError: it can't be started.
        """
        self._channel, theirs = socket.socketpair()
        # Nothing of the parent's environment: it holds passwords. BLAS and C's allocator keep memory for each thread.
        environment = {
            "PYTHONPATH": os.pathsep.join([str(CHECKOUT), *filter(None, sys.path)]),
            "OPENBLAS_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "1",
        }
        command = [sys.executable, "-m", "model.images.process", str(megabytes)]
        try:
            with theirs:
                self._process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603 - a command of our own
                    command,
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd="/",
                    env=environment,
                    # Ctrl-C is for the parent; this process ends when the parent closes the channel, or ends.
                    process_group=0,
                )
        except OSError as error:
            self._channel.close()
            raise DecodingError(f"No process to decode images can be started ({error}).") from error
        self._is_ready = False
        self.decoded = 0

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def decode(self, data: bytes, side: int, limits: ImageLimits, deadline: float) -> Decoded:
        """Decode one image, and end with the process where it needs more than its limits.

        Args:
            data: a file, within the limit of bytes.
            side: of the square that is wanted, in pixels.
            limits: its memory is what the process was started with.
            deadline: by the monotonic clock.

        Raises:
            ImageError: the image can't be used.
            UndecidedError: the deadline is over, or the machine is too busy.
            DecodingError: the process does not get ready.
        """
        self._wait_until_ready()
        patience = time.monotonic() + PATIENCE * limits.seconds
        until = min(deadline, patience)
        try:
            limit_wait(self._channel, until)
            request = Request(len(data), limits.max_bytes, side, limits.max_pixels, limits.seconds)
            send(self._channel, request, data)
            reply = receive_reply(self._channel, until)
            if reply.length > max(side * side * CHANNELS, 4 * LONGEST_REASON):
                raise ValueError(reply.length)
            body = receive(self._channel, reply.length, until)
            self.decoded += 1
            return _understood(reply, body, side, limits)
        except TimeoutError:
            self.close()
            raise UndecidedError("The image was not decoded in time; it is tried again later.") from None
        except (EOFError, ConnectionError):
            raise _verdict(self._end(), limits) from None
        except ImageError:
            raise
        except ValueError:
            self.close()
            raise ImageError("The image makes its decoder answer nonsense. Save it again as PNG or JPEG.") from None

    @property
    def is_open(self) -> bool:
        """Whether it can be asked again."""
        return self._channel.fileno() >= 0

    def close(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._end()

    def _end(self) -> int:
        """Close the channel and see the process's end; what it was."""
        self._channel.close()
        try:
            return self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _wait_until_ready(self) -> None:
        if self._is_ready:
            return
        deadline = time.monotonic() + START_SECONDS
        with suppress(EOFError, TimeoutError, ConnectionError):
            self._is_ready = receive(self._channel, len(READY), deadline) == READY
        if not self._is_ready:
            self.close()
            raise DecodingError(
                "The process that decodes images does not get ready. To see why: "
                f"{sys.executable} -m model.images.process 1500 < /dev/null"
            )


def _understood(reply: Reply, body: bytearray, side: int, limits: ImageLimits) -> Decoded:
    match reply.outcome:
        case DecodeOutcome.PIXELS:
            pixels = np.frombuffer(body, dtype=np.uint8).reshape(side, side, CHANNELS)
            return Decoded(pixels, reply.width, reply.height)
        case DecodeOutcome.REFUSED:
            raise ImageError(body.decode(errors="replace")[:LONGEST_REASON])
        case DecodeOutcome.OUT_OF_MEMORY:
            raise OutOfMemoryError(
                f"Decoding the image takes more than {limits.megabytes:,} MB of memory (IMAGE_DECODE_MEGABYTES). "
                "Make the image smaller or raise the limit."
            )


def _verdict(code: int, limits: ImageLimits) -> ImageError:
    """What a process's end says of the image that it was at work on."""
    if code == -signal.SIGPROF:
        return ImageError(
            f"Decoding the image takes more than {limits.seconds:g} s (IMAGE_DECODE_SECONDS). "
            "Save it again, without layers and animation, or raise the limit."
        )
    if code == -signal.SIGKILL:
        return UndecidedError("The process that decoded the image was killed, for want of memory perhaps.")
    name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return CrashError(f"The image makes its decoder crash ({name}). Save it again as PNG or JPEG.")


class OutOfMemoryError(ImageError):
    """The image wants more memory than it may have."""


class CrashError(ImageError):
    """The image ended the process that decoded it."""
