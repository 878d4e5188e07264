"""Whatever somebody sends to whatever route: no answer is the backend's fault, none hangs, and none takes memory.

A few hundred requests in the suite. Ten thousand, and the table in docs/reliability.md:

    python -m pytest tests/contract/test_payloads.py -n 0 -s --hypothesis-profile=thorough
"""

import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from scripts.lab.benchmarks import memory
from tests.contract.hostile_requests import HostileRequest, requests_of
from tests.contract.service import Service, settings_of, start_trained
from tests.support.logs import logs_as_before
from tests.support.stack import RunningRedis

pytestmark = pytest.mark.integration

IN_THE_SUITE = 300
MOST_SECONDS = 20.0
REPLAYED, ROUNDS = 150, 4
MOST_GROWTH_MB = 50.0


@dataclass
class Tally:
    """What was answered to how many requests."""

    statuses: dict[tuple[str, str], Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    slowest: float = 0.0

    def add(self, sent: HostileRequest, status: int, seconds: float) -> None:
        """Count an answer."""
        self.statuses[sent.route, sent.method][status] += 1
        self.slowest = max(self.slowest, seconds)

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(sum(each.values()) for each in self.statuses.values())

    def table(self) -> str:
        """Requests by route and kind of answer, as Markdown."""
        by_route: dict[str, Counter[int]] = defaultdict(Counter)
        for (route, _), statuses in self.statuses.items():
            for status, count in statuses.items():
                by_route[route][status // 100] += count
        rows = [
            f"| `{route}` | {sum(kinds.values()):,} | {kinds[2]:,} | {kinds[3] + kinds[4]:,} | {kinds[5]:,} |"
            for route, kinds in sorted(by_route.items())
        ]
        lines = ["| route | requests | 2xx | 3xx, 4xx | 5xx |", "|---|---|---|---|---|", *rows]
        said = f"{self.count:,} requests, slowest {self.slowest:.1f} s"
        return "\n".join([*lines, "", said])


@pytest.fixture(scope="module")
def attacked(
    backbones: Path, redis_server: RunningRedis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service of this module's own: requests that happen to be right leave their traces."""
    folder = tmp_path_factory.mktemp("attacked")
    limits = {"predict_seconds": 2.0, "image_fetch_seconds": 1.0, "log_level": "ERROR"}
    with logs_as_before():
        made = start_trained(settings_of(folder, redis_server.url, **limits), backbones)
        yield made
        made.stop()


@pytest.fixture(scope="module")
def tally() -> Iterator[Tally]:
    """Counts; printed at the end."""
    made = Tally()
    yield made
    sys.stdout.write(f"\n{made.table()}\n")


def send(service: Service, sent: HostileRequest) -> TestResponse:
    """An answer, without a network."""
    return service.app.test_client().open(
        sent.path, method=sent.method, data=sent.body, headers=list(sent.headers), base_url="http://localhost"
    )


@pytest.mark.fault("S11")
@settings(
    max_examples=max(IN_THE_SUITE, settings().max_examples),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_no_request_is_answered_with_a_fault_of_ours(attacked: Service, tally: Tally, data: st.DataObject) -> None:
    sent = data.draw(requests_of(attacked.app))
    began = time.monotonic()
    answer = send(attacked, sent)
    seconds = time.monotonic() - began
    tally.add(sent, answer.status_code, seconds)
    assert answer.status_code < 500, answer.text
    assert seconds < MOST_SECONDS


@pytest.mark.fault("S11")
def test_the_same_requests_again_take_no_more_memory(attacked: Service) -> None:
    made_up: list[HostileRequest] = []

    @settings(max_examples=REPLAYED, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def make_up(data: st.DataObject) -> None:
        made_up.append(data.draw(requests_of(attacked.app)))

    make_up()
    taken = []
    for _ in range(ROUNDS):
        for sent in made_up:
            send(attacked, sent)
        taken.append(memory.of_process().now)
    assert taken[-1] - taken[0] < MOST_GROWTH_MB
