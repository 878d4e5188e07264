"""Whatever is damaged in a MODEL_DIR: the next run publishes a version, every route answers, and /health names it."""

import copy
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from backend.store.records.autolabeling import (
    AutolabelAction,
    Autolabeling,
    AutolabelPhase,
    AutolabelRequest,
    Candidate,
)
from backend.store.records.finetuning import FinetuneRequest
from tests.support.in_process import Backend, backend
from tests.support.small_label_studio import SmallProject
from tests.support.stack import RunningRedis

pytestmark = [pytest.mark.faults, pytest.mark.fault("S5")]

LABELS = 6
WRITTEN = "20260101-000000-000-aa"


@dataclass
class Used:
    """A MODEL_DIR in which everything that there may be is, and a copy to begin each test with."""

    backend: Backend
    copy: Path
    project: SmallProject

    def begin(self) -> Backend:
        """The backend as it was."""
        folder = self.backend.settings.model_dir
        shutil.rmtree(folder)
        shutil.copytree(self.copy, folder, symlinks=True)
        self.backend.label_studio.project = copy.deepcopy(self.project)
        self.backend.labelled = self.backend.labelled[:LABELS]
        self.backend.services.queue.redis.flushall()
        return self.backend


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory, redis_server: RunningRedis, backbones: Path) -> Iterator[Used]:
    folder = tmp_path_factory.mktemp("used")
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        backend(folder / "backend", redis_server.url, backbones, monkeypatch, per_class=5) as made,
    ):
        made.services.queue.redis.flushall()
        for _ in range(2):
            made.label(LABELS // 2)
            made.run()
        made.refresh()
        services, project = made.services, made.project
        wanted = AutolabelRequest(threshold=0.9)
        state = Autolabeling(WRITTEN, AutolabelPhase.APPLYING, wanted, "Said.", attempt=1, size=1)
        services.autolabelings.save_set(project, WRITTEN, 1, [Candidate(10, "square", 0.9)])
        services.autolabelings.save(project, state)
        services.autolabelings.save_certificate(project, WRITTEN, {"name": WRITTEN})
        services.autolabelings.add_command(project, AutolabelAction.UNDO, AutolabelRequest())
        services.finetunings.begin(project, FinetuneRequest(), "efficientnet-lite0", 3)
        with closing(sqlite3.connect(made.settings.model_dir / "mirror.sqlite3")) as mirror:
            # Else its write-ahead log makes up for all that is cut off.
            mirror.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copytree(made.settings.model_dir, folder / "copy", symlinks=True)
        yield Used(made, folder / "copy", copy.deepcopy(made.label_studio.held))


def active(folder: Path) -> Path:
    """The newest version's folder."""
    return max(path for path in (folder / "versions").glob("[!.]*/*") if path.is_dir())


FILES: dict[str, Callable[[Path], Path]] = {
    "record": lambda folder: active(folder) / "version.json",
    "queue": lambda folder: active(folder) / "queue.safetensors",
    "head": lambda folder: active(folder) / "head.safetensors",
    "figures": lambda folder: active(folder) / "second" / "insight.json",
    "names": lambda folder: next((folder / "versions" / ".names").iterdir()),
    "served head": lambda folder: active(folder) / "second" / "served.safetensors",
    "geometry": lambda folder: next((folder / "geometry").glob("*.safetensors")),
    "features": lambda folder: max((folder / "features").rglob("data/*.lance")),
    "manifest": lambda folder: min((folder / "features").rglob("*.manifest")),
    "mirror": lambda folder: folder / "mirror.sqlite3",
    "auto-labelling": lambda folder: next((folder / "autolabel").glob("*/*/state.json")),
    "set": lambda folder: next((folder / "autolabel").glob("*/*/set-1.json")),
    "certificate": lambda folder: next((folder / "autolabel").glob("*/*/certificate.json")),
    "command": lambda folder: next((folder / "autolabel").glob("*/orders/*.json")),
    "fine-tuning": lambda folder: next((folder / "finetune").glob("*/*/state.json")),
}


def empty(file: Path, other: Path) -> None:
    file.write_bytes(b"")


def garbage(file: Path, other: Path) -> None:
    file.write_bytes(b"\xff\x00garbage" * max(100, file.stat().st_size // 9))


def truncated(file: Path, other: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def swapped(file: Path, other: Path) -> None:
    shutil.copyfile(other, file)


def a_folder(file: Path, other: Path) -> None:
    file.unlink()
    file.mkdir()


DAMAGES = (empty, garbage, truncated, swapped, a_folder)


def other_than(name: str, folder: Path) -> Path:
    """Another file of the same format, where there is one."""
    others = {"record": "figures", "figures": "record", "queue": "head", "head": "queue", "served head": "queue"}
    kind = {"geometry": "head", "auto-labelling": "fine-tuning", "fine-tuning": "set", "set": "record"}
    return FILES[(others | kind).get(name, "record")](folder)


def answers(made: Backend) -> dict[str, int]:
    """Status of every route."""
    client = made.client()
    version = made.active_version()
    task = {"id": 1, "data": {"image": "/data/upload/1/1-0.png"}}
    body: dict[str, Any] = {"tasks": [task], "project": "1.2", "label_config": "<View/>"}
    asked = {
        "health": client.get("/health"),
        "metrics": client.get("/metrics"),
        "versions": client.get("/versions?project=1"),
        "setup": client.post("/setup", json={"project": "1.2", "schema": "<View/>"}),
        "predict": client.post("/predict", json=body),
        "webhook": client.post("/webhook", json={"action": "PROJECT_UPDATED", "project": {"id": 1}}),
        "version": client.get(f"/api/projects/1/versions/{version}"),
        "insight": client.get("/api/projects/1/insight"),
        "autolabel": client.get("/api/projects/1/autolabel"),
        "certificate": client.get("/api/projects/1/autolabel/certificate"),
        "finetune": client.get("/api/projects/1/finetune"),
    }
    return {name: answer.status_code for name, answer in asked.items()}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_made_anew(name: str, damage: Callable[[Path, Path], None], used: Used) -> None:
    made = used.begin()
    folder = made.settings.model_dir
    file = FILES[name](folder)
    damage(file, other_than(name, folder))
    if name != "mirror":
        assert {route: status for route, status in answers(made).items() if status >= 500} == {}
    else:
        made.client()
    made.label()
    made.run()
    if made.labels_learned() != LABELS + 1:
        # A set or a mirror that is lost in the midst of a run costs that run; it is tried again seconds later.
        assert 1 in made.services.queue.failing.all()
        made.run()
    made.refresh()
    assert made.labels_learned() == LABELS + 1
    assert made.services.queue.failing.all() == {}
    assert {route: status for route, status in answers(made).items() if status >= 500} == {}
    paths = [each.path for each in made.services.quarantine.all()]
    assert any(path in file.relative_to(folder).as_posix() for path in paths), paths
    told = made.client().get("/health").get_json()["problems"]
    assert any("set-aside" in str(problem) or "set aside" in str(problem) for problem in told), told


def test_a_file_in_a_folders_place_is_set_aside(used: Used) -> None:
    made = used.begin()
    for name in ("versions", "geometry", "features"):
        shutil.rmtree(made.settings.model_dir / name)
        (made.settings.model_dir / name).write_text("no folder")
    made.label()
    made.run()
    assert made.labels_learned() == LABELS + 1
    assert {each.path for each in made.services.quarantine.all()} == {"versions", "geometry", "features"}


def test_a_damaged_mirror_is_found_again_by_the_projects_files(used: Used) -> None:
    made = used.begin()
    (made.settings.model_dir / "mirror.sqlite3").write_bytes(b"garbage" * 1000)
    made.client()
    made.reconcile()
    assert made.services.queue.waiting("run", made.project)
    made.run()
    assert made.labels_learned() == LABELS


def test_a_connection_to_a_mirror_that_was_replaced_is_not_used(used: Used) -> None:
    made = used.begin()
    running = made.services
    assert running.mirror.projects()
    (made.settings.model_dir / "mirror.sqlite3").write_bytes(b"garbage" * 1000)
    made.client()
    assert running.mirror.projects() == []


def test_a_damaged_export_is_made_again(used: Used, monkeypatch: pytest.MonkeyPatch) -> None:
    made = used.begin()
    (export,) = [each for each in (made.settings.model_dir / "backbones").iterdir() if each.is_symlink()]
    whole = export.resolve()
    shutil.copytree(whole, made.settings.model_dir / "torn")
    (made.settings.model_dir / "torn" / "model.onnx").write_bytes(b"garbage")
    export.unlink()
    (made.settings.model_dir / "torn").rename(export)
    shutil.rmtree(made.settings.model_dir / "features")

    def again(services: Any) -> int:
        shutil.copytree(whole, export)
        return 0

    monkeypatch.setattr("backend.backbones.provide.export", again)
    made.label()
    made.run()
    made.run()
    assert made.labels_learned() == LABELS + 1
    assert [each.path for each in made.services.quarantine.all()] == [f"backbones/{export.name}"]
