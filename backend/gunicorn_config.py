"""Gunicorn's settings: one process, so that its memory is one, and threads for requests that wait for images."""

from typing import Any

from backend.settings import load

FORMER_ADDRESS = "backend.app:create_app()"

_settings = load()
bind = f"{_settings.host}:{_settings.port}"
workers = 1
worker_class = "gthread"
threads = 32
timeout = 120
graceful_timeout = 5
keepalive = 30


def on_starting(server: Any) -> None:
    """Stop a command line that names the application's former place with one line, not with a worker's traceback."""
    if server.app.app_uri == FORMER_ADDRESS:
        raise SystemExit(
            f"The application is no longer at {FORMER_ADDRESS}: start backend.web.app:create_app() instead."
        )
