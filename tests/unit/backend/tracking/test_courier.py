"""Deliveries begin when nobody labels, one at a time, ever more seldom where MLflow is away. On a real Redis."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.label_studio.client import ProjectState
from backend.project import Project
from backend.services import Services
from backend.settings import Settings
from backend.tracking.courier import LEAST_PAUSE, PATIENCE_SECONDS, QUIET_SECONDS, Courier
from tests.support.waiting import until
from tests.unit.backend.tracking.tracked import tracked

URL = "http://label-studio.example"
PROJECT = Project(URL, 1)
STATE = ProjectState("Birds", "", "", "", tasks=0, annotations=0, skipped=0)

MakeCourier = Callable[..., Courier]


@pytest.fixture
def make_services(tmp_path: Path, redis_url: str) -> Callable[..., Services]:
    """`make_services(**settings)`, of a backend with one project."""

    def made(**settings: object) -> Services:
        given = Settings(model_dir=tmp_path, redis_url=redis_url, label_studio_url=URL, **settings)  # type: ignore[arg-type]
        services = Services(given)
        services.migrate()
        services.mirror.record_state(PROJECT, STATE, None)
        return services

    return made


@pytest.fixture
def services(make_services: Callable[..., Services]) -> Services:
    return make_services()


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    """A folder that gets a file from each delivery of `make_courier`."""
    folder = tmp_path / "marks"
    folder.mkdir()
    return folder


@pytest.fixture
def make_courier(marks: Path) -> MakeCourier:
    """`make_courier(services, code, clock)`: one whose deliveries leave a mark, then run `code`."""

    def made(services: Services, code: str = "", clock: Callable[[], float] = time.monotonic) -> Courier:
        mark = f"import pathlib, os; pathlib.Path({str(marks)!r}, str(os.getpid())).touch(); {code}"
        return Courier(services.outbox, services.mirror, services.queue, (sys.executable, "-c", mark), clock)

    return made


def deliveries(marks: Path) -> int:
    return len(list(marks.iterdir()))


def test_what_waits_is_delivered_while_nobody_labels(
    services: Services, make_courier: MakeCourier, marks: Path, tmp_path: Path
) -> None:
    services.outbox.note(tracked(tmp_path / "files"))
    make_courier(services).step()
    until(lambda: deliveries(marks) == 1, "a delivery")


def test_an_empty_outbox_starts_nothing(services: Services, make_courier: MakeCourier) -> None:
    courier = make_courier(services)
    courier.step()
    assert not courier.is_delivering


def test_while_somebody_labels_nothing_is_delivered(
    services: Services, make_courier: MakeCourier, tmp_path: Path
) -> None:
    services.outbox.note(tracked(tmp_path / "files"))
    services.queue.touch(PROJECT)
    assert services.queue.quiet_seconds(PROJECT) < QUIET_SECONDS
    courier = make_courier(services)
    courier.step()
    assert not courier.is_delivering


def test_while_a_run_has_a_project_nothing_is_delivered(
    services: Services, make_courier: MakeCourier, tmp_path: Path
) -> None:
    services.outbox.note(tracked(tmp_path / "files"))
    courier = make_courier(services)
    with services.queue.lease(PROJECT, 0):
        courier.step()
    assert not courier.is_delivering


def test_what_has_waited_long_is_delivered_though_somebody_labels(
    services: Services, make_courier: MakeCourier, marks: Path, tmp_path: Path
) -> None:
    services.outbox.note(tracked(tmp_path / "files"))
    services.queue.touch(PROJECT)
    long_ago = time.time() - PATIENCE_SECONDS - 1
    os.utime(services.outbox.folder / services.outbox.waiting()[0], (long_ago, long_ago))
    make_courier(services).step()
    until(lambda: deliveries(marks) == 1, "a delivery")


def test_switched_off_nothing_is_delivered(
    make_services: Callable[..., Services], make_courier: MakeCourier, tmp_path: Path
) -> None:
    services = make_services(tracking=False)
    (services.outbox.folder / "an item of before").mkdir(parents=True)
    courier = make_courier(services)
    courier.step()
    assert not courier.is_delivering


class Clock:
    """Stands still until it is put forward."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def wait_until_over(courier: Courier) -> None:
    until(lambda: not courier.is_delivering, "the end of a delivery")
    courier.step()  # It notes the end.
    assert not courier.is_delivering


def test_one_delivery_is_under_way_at_a_time_and_the_next_waits_a_while(
    services: Services, make_courier: MakeCourier, marks: Path, tmp_path: Path
) -> None:
    services.outbox.note(tracked(tmp_path / "files"))
    clock = Clock()
    courier = make_courier(services, "import time; time.sleep(0.5)", clock)
    for _ in range(3):
        courier.step()
    wait_until_over(courier)
    assert deliveries(marks) == 1
    clock.now += LEAST_PAUSE
    courier.step()
    until(lambda: deliveries(marks) == 2, "the next delivery")


def test_where_something_was_left_the_pause_doubles(
    services: Services, make_courier: MakeCourier, marks: Path, tmp_path: Path
) -> None:
    services.outbox.note(tracked(tmp_path / "files"))
    clock = Clock()
    courier = make_courier(services, "raise SystemExit(1)", clock)
    courier.step()
    for made, pause in enumerate((2 * LEAST_PAUSE, 4 * LEAST_PAUSE, 8 * LEAST_PAUSE), 1):
        wait_until_over(courier)
        clock.now += pause - 1.0
        courier.step()
        assert (courier.is_delivering, deliveries(marks)) == (False, made)
        clock.now += 1.0
        courier.step()
        wait_until_over(courier)
        assert deliveries(marks) == made + 1
