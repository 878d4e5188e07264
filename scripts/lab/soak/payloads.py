"""What nobody should send: bodies that are no requests, to every route."""

import json
import random
import re
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from typing import Any

import requests

from backend.services import Services
from backend.settings import Settings
from backend.web.app import app_of
from backend.web.service import WebService
from scripts.lab.soak.installation import BASIC_AUTH, Installation
from scripts.stack.http import local_session

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD")
NUMBERS = (0, -1, 1, 5, 10**30, float("nan"), "9" * 5_000)
ODD: tuple[Any, ...] = (None, True, "", "\x00", "\ud800", [], {}, [[]], {"id": {}}, {"project": []}, *NUMBERS)
PART = re.compile(r"<[^>]+>")
AT_ONCE = 60
HALF_SENT = 40
HALF_SECONDS = 8.0
TIMEOUT_SECONDS = 30.0


def bodies(chance: random.Random) -> Iterator[bytes]:
    """Odd bodies without end."""
    while True:
        kind = chance.randrange(6)
        value = chance.choice(ODD)
        if kind == 0:
            yield b"[" * chance.randrange(1, 100_000)
        elif kind == 1:
            yield bytes(chance.randrange(256) for _ in range(chance.randrange(200)))
        elif kind == 2:
            yield json.dumps({"tasks": [value] * chance.randrange(50), "project": value}).encode()
        elif kind == 3:
            yield json.dumps({"action": "ANNOTATION_CREATED", "annotation": value, "project": value}).encode()
        elif kind == 4:
            yield json.dumps({"project": "1.0", "schema": value, "extra_params": value}).encode()
        else:
            yield json.dumps({"tasks": [{"id": value, "data": value}], "label_config": "<View>" * 99}).encode()


def routes(installation: Installation) -> list[str]:
    """Every route of the web process."""
    server = installation.server
    settings = Settings(label_studio_url=server.label_studio_url, model_dir=server.folder)
    app = app_of(WebService(Services(settings)))
    return sorted(str(rule) for rule in app.url_map.iter_rules())


def send_malformed(installation: Installation, rules: Sequence[str], chance: random.Random) -> list[int]:
    """Send a burst of them to these routes; the statuses of the answers, 599 for none."""
    statuses: list[int] = []
    made = bodies(chance)
    with local_session() as session:
        session.auth = BASIC_AUTH
        for _ in range(AT_ONCE):
            filled = str(chance.choice([1, 2, 77, "9" * 300]))
            path = PART.sub(filled, chance.choice(rules))
            try:
                answer = session.request(
                    chance.choice(METHODS),
                    installation.server.url + path,
                    data=next(made),
                    headers={"Content-Type": chance.choice(["application/json", "text/plain", ";;"])},
                    timeout=TIMEOUT_SECONDS,
                )
                statuses.append(answer.status_code)
            except requests.ConnectionError:
                # A server may hang up on a body that it does not want to read.
                continue
            except requests.RequestException:
                statuses.append(599)
    return statuses


def leave_half_sent(installation: Installation, seconds: float = HALF_SECONDS) -> None:
    """Begin many requests and send no more of them for a while."""
    half = b"POST /predict HTTP/1.1\r\nHost: here\r\nContent-Length: 1000\r\n\r\n{"
    opened: list[socket.socket] = []
    for _ in range(HALF_SENT):
        with suppress(OSError):
            connection = socket.create_connection(("127.0.0.1", installation.server.port), timeout=2.0)
            connection.sendall(half)
            opened.append(connection)
    time.sleep(seconds)
    for connection in opened:
        with closing(connection), suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
