"""Records an installation as an earlier commit leaves it, for `test_upgrade`. Run with that commit's code:

    cd CHECKOUT_OF_4f2a7ef && PYTHONPATH=$PWD .venv/bin/python NEW_CHECKOUT/tests/upgrade/record.py FOLDER

It needs what that commit's tests need: its environment, and in `.cache` the Label Studio and the exported backbone.
Web process and worker of that commit serve two projects of a real Label Studio until each state that must survive is
reached. Then the worker stops, and jobs of every kind are left waiting. Into FOLDER go

    answers.json      what the web process answered at the end: a newer one must answer the same
    redis.json        every lasting key: its type and its value
    files.tar.xz      MODEL_DIR without the exported base, and Label Studio's database; images can be drawn again
"""

import json
import shutil
import sqlite3
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import onnx
import redis
from backend.queueing import EMBED, REFRESH, ProjectQueue
from model.backbones import Origin, backbone
from model.export import export

from backend.project import Project
from backend.store.backbones import BackboneStore
from backend.store.finetunings import FinetuningStore, Phase, Wish
from model.insight.promotion import Verdict
from model.networks.frozen import freeze
from model.networks.registry import ANY_CLASSES, build
from model.training.history import Epoch
from scripts.stack.label_studio import LabelStudioServer, label_studio_spec
from scripts.stack.processes import LocalProcess
from tests.support import stack as stack_module
from tests.support.label_studio import RunningLabelStudio
from tests.support.project import LabelledProject
from tests.support.stack import RunningStack, start_stack
from tests.support.waiting import until

CACHE = Path.cwd() / ".cache"
BASE = "efficientnet-lite0"
TINY = "cnn-small:8-8-8:3-3-3"
DOCUMENTS = "documents"
"""Stands in the recording for the folder of the images."""

LABEL_STUDIO_PORT, BACKEND_PORT = 28_761, 28_762
EPOCH = Epoch(1, "body", 0.5, 0.75, 0.625, 0.5, 0.001, 16, 2.5)
PROMISE = {"max_error": 0.3, "confidence": 0.8}
SETTINGS = {
    "POLL_SECONDS": "3600",
    "IDLE_SECONDS": "1",
    "VERSIONS_KEPT": "3",
    "MLFLOW_TRACKING_URI": "http://127.0.0.1:1",
}


def main() -> int:
    """Record into the folder that the command line names."""
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, _label_studio(Path(temporary)) as label_studio:
        place = Path(temporary)
        shutil.copytree(CACHE / "backbones", place / "backbones")
        _use_port(BACKEND_PORT)
        stack = start_stack(label_studio, place / "backbones", place / "stack", more=SETTINGS)
        try:
            audited, applied = _label(label_studio, stack, per_class=13), _label(label_studio, stack, per_class=6)
            _propose(stack, audited, applied)
            stack.worker.stop()
            _leave_work(stack, audited, applied)
            answers = _answers(stack, audited, applied)
            stack.web.stop()
            _leave_jobs(stack, audited, applied)
            with stack.redis.client() as asking:
                lasting = dict(_lasting(asking))
        finally:
            stack.stop()
        label_studio.process.stop()
        _write(folder / "answers.json", answers)
        _write(folder / "redis.json", lasting)
        _pack(folder / "files.tar.xz", stack, label_studio)
    return 0


def _use_port(backend: int) -> None:
    """Have the web process listen where Label Studio's database says that it does."""
    preferred = stack_module.choose_port
    stack_module.choose_port = lambda port: backend if port == 19_090 else preferred(port)


@contextmanager
def _label_studio(place: Path) -> Iterator[RunningLabelStudio]:
    environment = CACHE / "label-studio-env"
    server = LabelStudioServer(
        port=LABEL_STUDIO_PORT,
        data=place / "label-studio",
        documents=place / "documents",
        username="owner@example.com",
        password="owner's password",
        token="5eed" * 10,
    )
    shutil.copytree(next(CACHE.glob("label-studio-data-*")), server.data)
    process = LocalProcess(label_studio_spec(server, environment, place / "label-studio.log"))
    process.start()
    try:
        process.wait_until_ready()
        yield RunningLabelStudio(server, process)
    finally:
        process.stop()


def _label(label_studio: RunningLabelStudio, stack: RunningStack, per_class: int) -> LabelledProject:
    """A project with three labels of each class, and a version of them with its second stage."""
    project = label_studio.make_project(per_class=per_class)
    project.attach(stack)
    labels = [project.submit(task) for name in project.classes for task in project.of_class(name)[:3]]
    version = project.wait_for_version(stack, labels)
    stack.wait_until_quiet(project.id)
    until(lambda: _get(stack, project, "insight").get("version") == version, "the second stage", 60.0)
    return project


def _propose(stack: RunningStack, audited: LabelledProject, applied: LabelledProject) -> None:
    """One auto-labelling whose audit is under way, and one that is written."""
    _order(stack, audited, "autolabel", action="propose", **PROMISE)
    _wait_for_phase(stack, audited, "auditing")
    _order(stack, applied, "autolabel", action="propose", threshold=0.5)
    _wait_for_phase(stack, applied, "ready")
    _order(stack, applied, "autolabel", action="apply")
    _wait_for_phase(stack, applied, "applied")
    for project in (audited, applied):
        stack.wait_until_quiet(project.id, 60.0)


def _leave_work(stack: RunningStack, audited: LabelledProject, applied: LabelledProject) -> None:
    """What people do while no worker is there: a label, an order to take back, and one to fine-tune."""
    audited.submit(audited.of_class("circle")[3])
    _order(stack, applied, "autolabel", action="undo")
    _order(stack, audited, "finetune", action="start", network=TINY, options={"epochs": 1, "resolution": 32})


def _leave_jobs(stack: RunningStack, audited: LabelledProject, applied: LabelledProject) -> None:
    """A fine-tuned backbone that is about to be used, and the jobs that nobody but a worker asks for."""
    project = Project(stack.label_studio.url, applied.id)
    network = build(TINY, ANY_CLASSES, input_size=32, seed=1)
    tuned = freeze(network)
    backbones = BackboneStore(stack.server.folder, Origin(BASE, "", None))
    export(tuned, backbones.export(tuned.version), network.body)
    _forget_where_it_was_made(backbones.export(tuned.version) / "model.onnx")
    store = FinetuningStore(stack.server.folder / "finetune")
    worse = store.begin(project, Wish(network=TINY, trigger="doubled"), backbone(BASE).version, labels=4)
    verdict = Verdict(True, 0.03, 6, 5, 0, "worse beyond chance").to_json()
    worse = replace(worse, phase=Phase.KEPT_BACK, network=TINY, epochs=1, history=(asdict(EPOCH),), verdict=verdict)
    store.save(project, worse)
    state = store.begin(project, Wish(network=TINY), backbone(BASE).version, labels=6)
    store.save(project, replace(state, phase=Phase.EMBEDDING, network=TINY, backbone=tuned.version, labels=6))
    with stack.redis.client() as asking:
        queue = ProjectQueue(asking, project.url, lease_seconds=10.0, job_seconds=600)
        queue.enqueue_chunk(project, tuned.version, applied.tasks[:4])
        queue.enqueue(EMBED, project)
        queue.enqueue(REFRESH, Project(project.url, audited.id))


def _forget_where_it_was_made(file: Path) -> None:
    """Remove the paths of the exporting machine from an export."""
    exported = onnx.load(file)
    for node in exported.graph.node:
        node.ClearField("metadata_props")
    onnx.save(exported, file)


def _answers(stack: RunningStack, audited: LabelledProject, applied: LabelledProject) -> dict[str, Any]:
    """All that can be asked of the web process, by what it is about."""
    answers: dict[str, Any] = {"audited": audited.id, "applied": applied.id, "tracked": stack.tracked()}
    answers["counters"] = stack.counters()
    for name, project in (("audited", audited), ("applied", applied)):
        versions = stack.call("GET", "/versions", params={"project": project.id}).json()
        answers[f"{name} project"] = {
            "classes": {str(task): choice for task, choice in project.truth.items()},
            "active version": project.active_version(),
            "versions": versions,
            "version": {each: stack.version(project.id, each) for each in versions["versions"]},
            "labels": {each: stack.labels_of(project.id, each) for each in versions["versions"]},
            **{about: _get(stack, project, about) for about in ("insight", "autolabel", "finetune")},
        }
    return answers


def _order(stack: RunningStack, project: LabelledProject, what: str, **order: Any) -> None:
    answer = stack.call("POST", f"/api/projects/{project.id}/{what}", json=order)
    assert answer.status_code == 202, answer.text


def _get(stack: RunningStack, project: LabelledProject, about: str) -> dict[str, Any]:
    answer: dict[str, Any] = stack.call("GET", f"/api/projects/{project.id}/{about}").json()
    return answer


def _audit(stack: RunningStack, project: LabelledProject) -> list[int]:
    return list(_get(stack, project, "autolabel")["audit"]["tasks"])


def _wait_for_phase(stack: RunningStack, project: LabelledProject, phase: str) -> None:
    def asked() -> bool:
        status = _get(stack, project, "autolabel")
        assert status["phase"] != "refused", status
        return bool(status["phase"] == phase and not status["working"])

    until(asked, f"an auto-labelling that is {phase}\n{stack.log_tail()}", 60.0)


def _lasting(asking: redis.Redis) -> Iterator[tuple[str, tuple[str, Any]]]:
    """Keys that don't run out by themselves, with their types and values, each byte a Latin-1 character."""
    for key in sorted(asking.scan_iter()):
        if asking.ttl(key) < 0:
            kind = _text(asking.type(key))
            yield _text(key), (kind, _value(asking, key, kind))


def _value(asking: redis.Redis, key: bytes, kind: str) -> Any:
    if kind == "hash":
        return {_text(name): _text(value) for name, value in asking.hgetall(key).items()}
    if kind == "list":
        return [_text(each) for each in asking.lrange(key, 0, -1)]
    if kind == "set":
        return sorted(_text(each) for each in asking.smembers(key))
    if kind == "zset":
        return {_text(name): score for name, score in asking.zrange(key, 0, -1, withscores=True)}
    return _text(asking.get(key))


def _text(value: bytes) -> str:
    return value.decode("latin-1")


def _pack(archive: Path, stack: RunningStack, label_studio: RunningLabelStudio) -> None:
    """Pack MODEL_DIR and Label Studio's database."""
    left_out = backbone(BASE).version
    with tarfile.open(archive, "w:xz", preset=9, dereference=True) as tar:
        tar.add(
            stack.server.folder,
            "model-dir",
            filter=lambda entry: (
                None if left_out in Path(entry.name).parts[1:3] and "backbones" in entry.name else _anonymous(entry)
            ),
        )
        tar.add(label_studio.server.data / ".env", "label-studio/.env", filter=_anonymous)
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "label_studio.sqlite3"
            database = label_studio.server.data / copy.name
            with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
                source.backup(target)
                target.execute(
                    "UPDATE io_storages_localfilesmixin SET path = replace(path, ?, ?)",
                    (str(label_studio.documents), DOCUMENTS),
                )
                target.commit()
                target.execute("VACUUM")
            tar.add(copy, f"label-studio/{copy.name}", filter=_anonymous)


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=True, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    sys.exit(main())
