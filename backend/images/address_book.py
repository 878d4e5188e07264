"""Reads the addresses of tasks, and learns what Label Studio calls itself."""

import time
from collections.abc import Sequence
from threading import Lock
from typing import Protocol

from backend import logs
from backend.errors import LabelLoopError
from backend.images.addresses import AddressReader, Source
from backend.label_studio.client import LabelStudio

ASK_SECONDS = 600
"""Label Studio is asked for its name no more often."""
FAILED_SECONDS = 60
"""The same for other processes, where it did not answer one."""

log = logs.get()


class LearnedName(Protocol):
    """What Label Studio told any process, for a while; empty where it told nothing."""

    def keep(self, word: str, seconds: int) -> None:
        """Keep a name for so long."""

    def recall(self) -> str | None:
        """The name that is kept, if any."""


class AddressBook:
    """Reads addresses as `AddressReader` does. Safe to use from several threads.

    Only where a task carries an address that looks like Label Studio's, under a name that nobody has set, Label Studio
    itself is asked what it calls itself. What others say of it (the `hostname` in a payload) counts for nothing.
    """

    def __init__(self, label_studio: LabelStudio, names: Sequence[str] = (), memory: LearnedName | None = None) -> None:
        """Begin with what is set.

        Args:
            label_studio: is asked.
            names: under which it is known besides.
            memory: of what it calls itself: a job's process begins with none of its own.
        """
        self._label_studio = label_studio
        self._reader = AddressReader.of([label_studio.url, *names])
        self._memory = memory
        self._lock = Lock()
        self._ask_after = 0.0

    def source(self, address: str, task: int) -> Source:
        """`AddressReader.source`."""
        return self._reader_for(address, task).source(address, task)

    def canonical(self, address: str, task: int) -> str:
        """`AddressReader.canonical`."""
        return self._reader_for(address, task).canonical(address, task)

    def _reader_for(self, address: str, task: int) -> AddressReader:
        if self._reader.is_under_unknown_name(address, task):
            with self._lock:
                if time.monotonic() >= self._ask_after:
                    self._learn()
                    self._ask_after = time.monotonic() + ASK_SECONDS
        return self._reader

    def _learn(self) -> None:
        name = None if self._memory is None else self._memory.recall()
        try:
            name = self._asked() if name is None else name
            reader = self._reader.under(name) if name else self._reader
        except (LabelLoopError, OSError, ValueError) as error:
            log.warning("Label Studio does not say what it calls itself; set LABEL_STUDIO_HOST", reason=str(error))
            self._keep("", FAILED_SECONDS)
            return
        if reader != self._reader:
            log.info("Label Studio has another name", name=name)
            self._reader = reader

    def _asked(self) -> str:
        name = self._label_studio.public_address() or ""
        self._keep(name, ASK_SECONDS)
        return name

    def _keep(self, name: str, seconds: int) -> None:
        if self._memory is not None:
            self._memory.keep(name, seconds)
