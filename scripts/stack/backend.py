"""The backend's two processes: the web process that Label Studio calls, and the worker that trains."""

import sys
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import redis

from scripts.stack.http import answers
from scripts.stack.processes import ProcessSpec
from scripts.stack.redis import client, redis_url
from scripts.stack.surroundings import inherited

CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class BackendServer:
    """One backend on this machine: web process and worker with the same settings.

    Attributes:
        port: of the web process, on 127.0.0.1 only.
        folder: of its database, features and versions; made if it is not there.
        label_studio_url: the Label Studio that it works for.
        label_studio_token: of a user who may read and write its projects.
        documents: Label Studio's document root, to read images from disk.
        redis_port: of its Redis on this machine.
        basic_auth: user and password that callers must give, or None.
        webhook_secret: that the webhook's header must hold, or None.
        more: further environment variables, e.g. settings of the loop.
    """

    port: int
    folder: Path
    label_studio_url: str
    label_studio_token: str
    documents: Path
    redis_port: int
    basic_auth: tuple[str, str] | None = None
    webhook_secret: str | None = None
    more: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Address without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """The whole environment of either process."""
        user, password = self.basic_auth or ("", "")
        settings = {
            "LABEL_STUDIO_URL": self.label_studio_url,
            "LABEL_STUDIO_API_KEY": self.label_studio_token,
            "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(self.documents),
            "REDIS_URL": redis_url(self.redis_port),
            "MODEL_DIR": str(self.folder),
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "BASIC_AUTH_USER": user,
            "BASIC_AUTH_PASS": password,
            "WEBHOOK_SECRET": self.webhook_secret or "",
        }
        return inherited() | {name: value for name, value in settings.items() if value} | self.more


def web_spec(server: BackendServer, log: Path) -> ProcessSpec:
    """The web process under gunicorn; ready when `/health` answers."""
    server.folder.mkdir(parents=True, exist_ok=True)
    return ProcessSpec(
        name="backend",
        command=(
            sys.executable,
            "-m",
            "gunicorn",
            "--config",
            "backend/gunicorn_config.py",
            "backend.web.app:create_app()",
        ),
        environment=server.environment(),
        folder=CHECKOUT,
        log=log,
        is_ready=lambda: answers(f"{server.url}/health"),
        patience=180.0,
    )


def worker_spec(server: BackendServer, log: Path) -> ProcessSpec:
    """The worker; ready when it has given a sign of life."""
    return _spec_of("worker", "backend.worker", "worker", server, log)


def trainer_spec(server: BackendServer, log: Path) -> ProcessSpec:
    """The training worker; ready when it has given a sign of life."""
    return _spec_of("training worker", "backend.trainer", "trainer", server, log)


def _spec_of(name: str, module: str, sign: str, server: BackendServer, log: Path) -> ProcessSpec:
    server.folder.mkdir(parents=True, exist_ok=True)
    return ProcessSpec(
        name=name,
        command=(sys.executable, "-m", module),
        environment=server.environment(),
        folder=CHECKOUT,
        log=log,
        is_ready=lambda: _lives(sign, server.redis_port),
        patience=180.0,
    )


def _lives(kind: str, redis_port: int) -> bool:
    """Whether a worker of this kind gave a sign of life in the Redis on this port."""
    try:
        with closing(client(redis_port)) as asking:
            return any(True for _ in asking.scan_iter(match=f"label-loop:*:{kind}:*", count=1000))
    except redis.RedisError:
        return False
