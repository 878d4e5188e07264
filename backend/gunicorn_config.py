"""Gunicorn's settings: one process, so that its memory is one; `backend.web.http.server` keeps its threads."""

from typing import Any

from backend.settings import load
from backend.web.http.gunicorn_worker import BufferingWorker

FORMER_ADDRESS = "backend.app:create_app()"

_settings = load()
bind = f"{_settings.address}:{_settings.port}"
workers = 1
worker_class = BufferingWorker
timeout = 120
graceful_timeout = 5
# Nobody asks it, and two backends of one user would have the same.
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Stop a command line that names the application's former place with one line, not with a worker's traceback."""
    if server.app.app_uri == FORMER_ADDRESS:
        raise SystemExit(
            f"The application is no longer at {FORMER_ADDRESS}: start backend.web.app:create_app() instead."
        )
