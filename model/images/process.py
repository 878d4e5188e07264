"""The process that decodes: `python -m model.images.process MEGABYTES`, with a socket for its standard input.

It loads Pillow and nothing else, so that it starts in a tenth of a second. The kernel holds it to its limits: memory by
RLIMIT_DATA, time by a timer that kills it, files by RLIMIT_FSIZE. What starts a program or opens a connection by way of
Python is refused; machine code of a codec that an image has taken over does not ask Python.
"""

import resource
import signal
import socket
import sys
from pathlib import Path

from model.errors import ImageError
from model.images.decode import decode_square, load_plugins
from model.images.limits import ImageLimits
from model.images.wire import READY, DecodeOutcome, Reply, Request, receive, receive_request, send

OPEN_FILES = 64

# What Python tells before it does it; `socket.socket` is not among them, for one is inherited.
REFUSED_EVENTS = frozenset(
    {"os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile", "os.system", "pty.spawn"}
    | {"subprocess.Popen", "socket.bind", "socket.connect", "socket.getaddrinfo", "socket.sendto"}
)


def main(megabytes: int) -> None:
    """Decode what is asked for until the other side closes the channel.

    Args:
        megabytes: of memory that this process may have.
    """
    channel = socket.socket(fileno=0)
    _confine(megabytes)
    load_plugins()
    channel.sendall(READY)
    try:
        while True:
            _answer(channel)
    except (EOFError, ConnectionError):
        return


def _answer(channel: socket.socket) -> None:
    request = receive_request(channel)
    try:
        reply, body = _decoded(request, bytes(receive(channel, request.length)))
    except MemoryError:
        reply, body = Reply(DecodeOutcome.OUT_OF_MEMORY, 0), b""
    send(channel, reply, body)


def _decoded(request: Request, data: bytes) -> tuple[Reply, bytes]:
    limits = ImageLimits(request.max_bytes, request.max_pixels)
    # Of this process's own time on a core; the signal's default is to kill.
    signal.setitimer(signal.ITIMER_PROF, request.seconds)
    try:
        image, (width, height) = decode_square(data, limits, request.side)
        pixels = image.tobytes()
        return Reply(DecodeOutcome.PIXELS, len(pixels), width, height), pixels
    except ImageError as error:
        text = str(error).encode(errors="replace")
        return Reply(DecodeOutcome.REFUSED, len(text)), text
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _confine(megabytes: int) -> None:
    """Give up what decoding does without, before the first stranger's byte is read."""
    # The parent is interrupted, and closes the channel then.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    # Where memory runs out all the same, the kernel is to take this process before those that it works for.
    score = Path("/proc/self/oom_score_adj")
    if score.exists():
        score.write_text("1000")
    for limit, value in (
        (resource.RLIMIT_DATA, megabytes << 20),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
    ):
        resource.setrlimit(limit, (value, value))
    sys.addaudithook(_refuse)


def _refuse(event: str, _arguments: object) -> None:
    if event in REFUSED_EVENTS:
        raise ImageError(f"The image asks for something that decoding does without ({event}). Save it again.")


if __name__ == "__main__":
    main(int(sys.argv[1]))
