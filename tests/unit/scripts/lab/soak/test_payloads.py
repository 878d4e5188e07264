"""Malformed payloads are sent to every route that the web process has."""

import random
from itertools import islice
from pathlib import Path
from typing import cast

from scripts.lab.soak.installation import Installation
from scripts.lab.soak.payloads import PART, bodies, routes
from scripts.stack.backend import BackendServer


class _Installed:
    def __init__(self, folder: Path) -> None:
        self.server = BackendServer(1, folder, "http://127.0.0.1:2", "token", folder, 3)


def test_every_route_is_found_and_can_be_filled_in(tmp_path: Path) -> None:
    found = routes(cast("Installation", _Installed(tmp_path)))
    assert {"/health", "/predict", "/webhook", "/setup"} <= set(found)
    assert not any("<" in PART.sub("1", route) for route in found)


def test_bodies_are_the_same_for_the_same_seed() -> None:
    first, second = (list(islice(bodies(random.Random(3)), 50)) for _ in range(2))
    assert first == second
