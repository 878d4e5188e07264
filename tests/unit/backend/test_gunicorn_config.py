"""The command that starts the web process: where it listens, what it says, whom it waits for, how it ends."""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.stack.http import local_session
from scripts.stack.processes import LocalProcess, ProcessSpec
from scripts.stack.surroundings import inherited
from tests.support.waiting import until

CHECKOUT = Path(__file__).parents[3]
COMMAND = (sys.executable, "-m", "gunicorn", "--config", "backend/gunicorn_config.py", "backend.web.app:create_app()")
NOBODY = {"LABEL_STUDIO_URL": "http://127.0.0.1:9", "REDIS_URL": "redis://127.0.0.1:9/0"}


@dataclass(frozen=True)
class Started:
    """A web process that was started as people do, without credentials and without a host."""

    process: LocalProcess
    host: str
    port: int

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self.process.spec.log.read_text()

    def health(self) -> int:
        """Status of `/health`."""
        with local_session() as session:
            return session.get(f"http://{self.host}:{self.port}/health", timeout=10).status_code


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    folder = tmp_path_factory.mktemp("web")
    log = folder / "web.log"
    environment = inherited() | NOBODY | {"PORT": "0", "MODEL_DIR": str(folder / "data")}
    process = LocalProcess(ProcessSpec("web process", COMMAND, environment, CHECKOUT, log, lambda: True))
    process.start()
    until(lambda: "Only this machine" in log.read_text(), "the web process to start", seconds=60, more=log.read_text)
    found = re.search(r"Listening at: http://(.*):(\d+)", log.read_text())
    assert found is not None
    yield Started(process, found[1], int(found[2]))
    process.kill()


@pytest.mark.fault("S8")
def test_without_credentials_it_listens_on_this_machine_only_and_says_what_to_set(started: Started) -> None:
    assert started.host == "127.0.0.1"
    assert "set BASIC_AUTH_USER and BASIC_AUTH_PASS" in started.log


@pytest.mark.fault("S10")
def test_health_answers_while_requests_are_half_sent(started: Started) -> None:
    head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"
    with ExitStack() as open_connections:
        for sent in (head, head + b'\r\n{"tasks": [') * 20:
            connection = socket.create_connection((started.host, started.port), timeout=10)
            open_connections.enter_context(connection).sendall(sent)
        assert started.health() == 200


def test_it_ends_when_asked_to_whoever_is_still_connected(started: Started) -> None:
    with socket.create_connection((started.host, started.port), timeout=10) as idle:
        idle.sendall(b"GET /hea")
        started.process.stop(patience=30)
    assert started.process.exit_status() == 0
    assert "Traceback" not in started.log


def test_the_applications_former_address_is_refused_in_one_line() -> None:
    command = [*COMMAND[:-1], "backend.app:create_app()"]
    ended = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode
    assert "backend.web.app:create_app()" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr
