"""What the web process does besides answering: its threads, begun and ended in one place."""

import threading
from collections.abc import Callable

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from backend import logs
from backend.errors import LabelLoopError

log = logs.get()


class Background:
    """Threads that end together, and never keep the process alive."""

    def __init__(self) -> None:
        self._stopping = threading.Event()

    def run(self, work: Callable[[], None]) -> None:
        """Do something once, in a thread of its own."""
        threading.Thread(target=work, name=work.__qualname__, daemon=True).start()

    def repeat(self, work: Callable[[], None], seconds: float) -> None:
        """Do something over and over; an error costs one time only.

        Args:
            work: where Redis, the database, the disk or Label Studio does not answer, the next time is as good.
            seconds: of rest after each time, above 0.
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
        """Repeat nothing any more; what is being done is done to its end."""
        self._stopping.set()
