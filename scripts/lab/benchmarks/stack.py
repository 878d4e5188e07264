"""Everything that a benchmark of the whole needs, running: Label Studio, Redis, the backend's two processes."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from scripts.lab.benchmarks.postgres import PostgresServer, postgres_spec
from scripts.stack.backend import CHECKOUT, BackendServer, web_spec, worker_spec
from scripts.stack.label_studio import LabelStudioServer, install, label_studio_spec
from scripts.stack.ports import choose_port
from scripts.stack.processes import Supervisor
from scripts.stack.redis import redis_spec

LABEL_STUDIO_ENVIRONMENT = CHECKOUT / ".cache" / "label-studio-env"
TOKEN = "0123456789abcdef0123456789abcdef01234567"  # noqa: S105 - of a server that lives for minutes, on this machine
FIRST_PORT = 21_000
FIRST_START_SECONDS = 300.0
FRESH = ("label-studio", "redis", "postgres", "records", "backend/versions", "logs")
"""Begun anew at each start. The backbone's export and the features stay: making them is not what is measured."""


class Database(StrEnum):
    """What Label Studio keeps its data in."""

    SQLITE = "SQLite"
    POSTGRESQL = "PostgreSQL"


@dataclass(frozen=True)
class Stack:
    """Where the running parts are.

    Attributes:
        label_studio: address, first user's token, document root.
        backend: address and folder; its mirror is SQLite in that folder.
        records: folder for what connecting a project was like before.
    """

    label_studio: LabelStudioServer
    backend: BackendServer
    records: Path

    @property
    def mirror_url(self) -> str:
        """Address of the backend's SQL mirror."""
        return f"sqlite:///{self.backend.folder / 'mirror.sqlite3'}"


@contextmanager
def running(home: Path, documents: Path, database: Database = Database.SQLITE) -> Iterator[Stack]:
    """Start everything anew in `home`, with empty databases; stop it at the end.

    Args:
        home: folder for all data and logs.
        documents: root of the images.
        database: of Label Studio.

    Raises:
        StackError: a process does not become ready.
        BenchmarkError: PostgreSQL is wanted and not there.
    """
    for name in FRESH:
        shutil.rmtree(home / name, ignore_errors=True)
    for file in (home / "backend").glob("mirror.sqlite3*"):
        file.unlink()
    install(LABEL_STUDIO_ENVIRONMENT)
    stack, redis_port = _addresses(home, documents)
    logs = home / "logs"
    label_studio = label_studio_spec(stack.label_studio, LABEL_STUDIO_ENVIRONMENT, logs / "label-studio.log")
    supervisor = Supervisor(announce=print)
    try:
        supervisor.start(redis_spec(redis_port, home / "redis", logs / "redis.log"))
        if database is Database.POSTGRESQL:
            postgres = PostgresServer(choose_port(redis_port + 1), home / "postgres")
            supervisor.start(postgres_spec(postgres, logs / "postgres.log"))
            environment = {**label_studio.environment, **postgres.label_studio_environment()}
            label_studio = replace(label_studio, environment=environment)
        supervisor.start(
            replace(label_studio, patience=FIRST_START_SECONDS),
            web_spec(stack.backend, logs / "backend.log"),
            worker_spec(stack.backend, logs / "worker.log"),
        )
        yield stack
    finally:
        supervisor.stop()


def _addresses(home: Path, documents: Path) -> tuple[Stack, int]:
    ports: list[int] = []
    for _ in range(3):
        ports.append(choose_port(FIRST_PORT, avoid=ports))
    label_studio = LabelStudioServer(
        port=ports[0],
        data=home / "label-studio",
        documents=documents,
        username="benchmark@example.com",
        password="benchmark-only",  # noqa: S106 - as the token
        token=TOKEN,
    )
    backend = BackendServer(
        port=ports[1],
        folder=home / "backend",
        label_studio_url=label_studio.url,
        label_studio_token=TOKEN,
        documents=documents,
        redis_port=ports[2],
    )
    return Stack(label_studio, backend, home / "records"), ports[2]
