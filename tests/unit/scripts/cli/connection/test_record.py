"""The record of what a project was like before it was attached."""

import stat
from pathlib import Path

import pytest

from scripts.cli.connection import record

BEFORE = record.Record(
    label_studio="http://ls:8080",
    project=3,
    backend="http://localhost:9090",
    settings={"sampling": "Sequential sampling", "model_version": "", "show_collab_predictions": True},
    webhooks=[{"id": 1, "headers": {"Key": "secret"}}],
    connections=[],
)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://ls:8080", "ls-8080-3.json"),
        ("http://ls", "ls-80-3.json"),
        ("https://ls.example/prefix", "ls.example-443-3.json"),
    ],
)
def test_a_record_is_named_after_host_port_and_project(tmp_path: Path, url: str, name: str) -> None:
    assert record.path(tmp_path, url, 3) == tmp_path / name


def test_a_saved_record_reads_back_the_same(tmp_path: Path) -> None:
    record.save(BEFORE, tmp_path / "new" / "record.json")
    assert record.load(tmp_path / "new" / "record.json") == BEFORE


def test_only_its_owner_reads_a_record_because_headers_are_secrets(tmp_path: Path) -> None:
    record.save(BEFORE, tmp_path / "record.json")
    assert stat.S_IMODE((tmp_path / "record.json").stat().st_mode) == 0o600


def test_a_project_never_attached_has_no_record(tmp_path: Path) -> None:
    assert record.load(tmp_path / "record.json") is None
