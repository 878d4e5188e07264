"""Decoding processes, shared by all who have images decoded: nobody waits long because of another's image."""

import math
import os
import threading
import time
from collections import Counter, deque
from collections.abc import Generator, Hashable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from model.errors import ImageError, UndecidedError
from model.images.decode import check_bytes
from model.images.decoder import CrashError, Decoded, Decoder, OutOfMemoryError
from model.images.limits import ImageLimits

K = TypeVar("K")

EXTRA = 6
"""Owners who have a process to themselves at once, besides one process a core."""

AHEAD = 32


class Decoders:
    """Processes that decode, started when they are needed and kept. Safe to use from several threads.

    Each owner of images has one process at least, whatever the others' images cost; more only while fewer than the
    cores are in use. So an owner's hostile images delay that owner's own, and nobody else's.
    """

    def __init__(self, limits: ImageLimits, cores: int | None = None) -> None:
        """Begin with no process.

        Args:
            limits: for each image.
            cores: that may decode at the same time, from 1; None for those that this process may use.
        """
        self.limits = limits
        self._cores = cores or available_cores()
        self._idle: list[Decoder] = []
        self._in_use: Counter[Hashable] = Counter()
        self._changed = threading.Condition()
        self._is_closed = False

    def warm_up(self) -> None:
        """Start one process, where there is none, so that the first image need not wait for it."""
        with self._changed:
            if not self._idle and not self._in_use:
                self._idle.append(Decoder(self.limits.megabytes))

    def decode(self, data: bytes, side: int, owner: Hashable = None, deadline: float = math.inf) -> Decoded:
        """Decode one image file.

        Args:
            data: any bytes.
            side: of the square that is wanted, in pixels.
            owner: whose image it is: owners share the processes, see the class.
            deadline: by the monotonic clock; nothing is waited for any longer.

        Raises:
            ImageError: the image can't be used; the same bytes never can within these limits.
            UndecidedError: it was not decoded in time.
            DecodingError: no process can be started.
        """
        check_bytes(data, self.limits)
        try:
            return self._decode(data, side, owner, deadline)
        except (OutOfMemoryError, CrashError):
            # An image before it may be to blame: a new process will tell.
            return self._decode(data, side, owner, deadline, in_new=True)

    def decode_each(
        self,
        items: Iterable[tuple[K, bytes]],
        side: int,
        owner: Hashable = None,
        deadline: float = math.inf,
        ahead: int = AHEAD,
    ) -> Generator[tuple[K, Decoded | ImageError]]:
        """Decode image files, several at the same time.

        Args:
            items: key and content of each file; read in the caller's thread, and no further ahead than is said.
            side: see `decode`.
            owner: see `decode`.
            deadline: see `decode`.
            ahead: how many files are held at most, from 1.

        Returns:
            In the order of the items: the key, and the pixels, or what is wrong with that one file.

        Raises:
            DecodingError: no process can be started.
        """
        files = iter(items)
        threads = ThreadPoolExecutor(self._cores, thread_name_prefix="decode")
        waiting: deque[tuple[K, Future[Decoded | ImageError]]] = deque()
        try:
            while True:
                for key, data in islice(files, ahead - len(waiting)):
                    waiting.append((key, threads.submit(self._outcome, data, side, owner, deadline)))
                if not waiting:
                    return
                key, future = waiting.popleft()
                yield key, future.result()
        finally:
            threads.shutdown(cancel_futures=True)

    def close(self) -> None:
        """End all processes, those at work when they are done."""
        with self._changed:
            self._is_closed = True
            for process in self._idle:
                process.close()
            self._idle.clear()

    def __enter__(self) -> "Decoders":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _outcome(self, data: bytes, side: int, owner: Hashable, deadline: float) -> Decoded | ImageError:
        try:
            return self.decode(data, side, owner, deadline)
        except ImageError as error:
            return error

    def _decode(self, data: bytes, side: int, owner: Hashable, deadline: float, *, in_new: bool = False) -> Decoded:
        with self._process(owner, deadline, in_new=in_new) as process:
            try:
                return process.decode(data, side, self.limits, deadline)
            except OutOfMemoryError:
                process.close()
                raise

    @contextmanager
    def _process(self, owner: Hashable, deadline: float, *, in_new: bool) -> Iterator[Decoder]:
        """A process for one image."""
        with self._changed:
            while not self._may_begin(owner) and time.monotonic() < deadline:
                self._changed.wait(_seconds_until(deadline))
            if time.monotonic() >= deadline:
                raise UndecidedError("The image was not decoded in time; it is tried again later.")
            self._in_use[owner] += 1
            process = self._idle.pop() if self._idle and not in_new else None
        try:
            process = process or Decoder(self.limits.megabytes)
            yield process
        finally:
            with self._changed:
                self._in_use[owner] -= 1
                if not self._in_use[owner]:
                    del self._in_use[owner]
                if process is not None and process.is_open:
                    self._keep(process)
                self._changed.notify_all()

    def _may_begin(self, owner: Hashable) -> bool:
        total = self._in_use.total()
        return total < self._cores or (owner not in self._in_use and total < self._cores + EXTRA)

    def _keep(self, process: Decoder) -> None:
        if self._is_closed or len(self._idle) >= self._cores:
            process.close()
        else:
            self._idle.append(process)


def available_cores() -> int:
    """Cores that this process may use, which in a container is fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _seconds_until(deadline: float) -> float | None:
    return None if math.isinf(deadline) else max(0.0, deadline - time.monotonic())
