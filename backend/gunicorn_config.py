"""Gunicorn's settings: one process, so that its memory is one, and threads for requests that wait for images."""

from backend.settings import load

_settings = load()
bind = f"{_settings.host}:{_settings.port}"
workers = 1
worker_class = "gthread"
threads = 32
timeout = 120
graceful_timeout = 5
keepalive = 30
