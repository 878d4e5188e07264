"""Addresses are sorted by kind, and some of each kind are tried."""

from datetime import UTC, datetime

import pytest

from backend.store.records.mirror import PulledTask
from scripts.cli.connection.image_checks import SAMPLES, kinds_of, name_of

pytestmark = pytest.mark.fault("R6")

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/data/upload/3/ab-cat.JPG", "/data/upload/ *.jpg"),
        ("http://ls:8080/data/upload/3/ab-cat.svg", "ls:8080/data/upload/ *.svg"),
        ("/data/local-files/?d=pets/cat.png", "/data/local-files/ *.png"),
        ("http://ls/data/local-files/?d=pets/cat.png", "ls/data/local-files/ *.png"),
        ("s3://shots/кот.png", "s3://shots *.png"),
        ("gs://shots/cat.webp", "gs://shots *.webp"),
        ("azure-blob://box/cat", "azure-blob://box"),
        ("https://user:secret@images.example/cat.png?size=3", "https://images.example *.png"),
        ("https://images.example/cat", "https://images.example"),
        ("data:image/png;base64,AAAA", "data:image/png addresses"),
        ("/elsewhere/cat.png", "paths of Label Studio *.png"),
        ("cat.png", "other texts *.png"),
        ("", "tasks without an address"),
        ("http://[::1/cat.png", "malformed addresses"),
    ],
)
def test_an_address_is_of_a_kind(address: str, name: str) -> None:
    assert name_of(address) == name


def test_samples_are_few_and_from_all_over_the_project() -> None:
    tasks = [PulledTask(number, "http://images.example/1.png", NOW, NOW, None) for number in range(1, 10_001)]
    (kind,) = kinds_of(tasks)
    chosen = [task.id for task in kind.samples]
    assert kind.count == 10_000
    assert 3 <= len(chosen) <= SAMPLES
    assert chosen[0] == 1
    assert chosen[-1] > 5_000


def test_a_kind_of_one_task_is_not_lost_among_thousands() -> None:
    tasks = [PulledTask(number, "/data/upload/1/x.png", NOW, NOW, None) for number in range(1, 1_000)]
    odd = PulledTask(1_000, "/data/upload/1/x.svg", NOW, NOW, None)
    assert [(kind.name, [task.id for task in kind.samples]) for kind in kinds_of([*tasks, odd])][1] == (
        "/data/upload/ *.svg",
        [1_000],
    )
