"""Gunicorn's worker process: gunicorn binds, supervises and stops, `Server` speaks HTTP."""

import os
import time

from gunicorn.workers.base import Worker

from backend.web.http.server import Server


class BufferingWorker(Worker):  # type: ignore[misc] # gunicorn has no types
    """Serves the application; no client that is slow, or many, keeps it from the others."""

    def run(self) -> None:
        """Serve until gunicorn says stop, or is gone; then end what is under way, for `graceful_timeout` at most."""
        server = Server(self.wsgi, [each.sock for each in self.sockets])
        while self.alive and os.getppid() == self.ppid:
            self.notify()
            server.step()
        server.refuse_new()
        deadline = time.monotonic() + self.cfg.graceful_timeout
        while server.is_at_work and time.monotonic() < deadline:
            self.notify()
            server.step()
        server.close()
