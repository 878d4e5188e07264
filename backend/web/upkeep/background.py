"""What the web process does besides answering requests: its threads, started and stopped in one place."""

import threading
from collections.abc import Callable

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from backend import logs
from backend.errors import LabelLoopError

AGAIN_SECONDS = 5.0
"""From an error that ends work that is to go on, until it is begun again."""

log = logs.get()


class Background:
    """Threads that are stopped together, and never keep the process alive."""

    def __init__(self) -> None:
        self._stopping = threading.Event()

    def run(self, work: Callable[[], None]) -> None:
        """Call `work` once, in a thread of its own."""
        threading.Thread(target=work, name=work.__qualname__, daemon=True).start()

    def keep(self, work: Callable[[], None], seconds: float = AGAIN_SECONDS) -> None:
        """Have `work` go on until it returns, in a thread of its own; an error begins it anew.

        Args:
            work: waits for something to do, and does it.
            seconds: to pause after an error, above 0.
        """

        def loop() -> None:
            while not self._stopping.is_set():
                try:
                    work()
                    return
                except Exception:
                    log.exception("begins anew", work=work.__qualname__)
                self._stopping.wait(seconds)

        threading.Thread(target=loop, name=work.__qualname__, daemon=True).start()

    def repeat(self, work: Callable[[], None], seconds: float) -> None:
        """Call `work` again and again, in a thread of its own; an error costs one call.

        Args:
            work: may be cut short by anything: the next call makes up for it.
            seconds: to pause after each call, above 0.
        """

        def loop() -> None:
            while not self._stopping.is_set():
                try:
                    work()
                except (RedisError, SQLAlchemyError, LabelLoopError, OSError) as error:
                    log.warning("check failed, goes on", reason=str(error).partition("\n")[0])
                except Exception:
                    log.exception("check failed, goes on")
                self._stopping.wait(seconds)

        threading.Thread(target=loop, name=work.__qualname__, daemon=True).start()

    def stop(self) -> None:
        """Make no further calls; those under way end by themselves."""
        self._stopping.set()
