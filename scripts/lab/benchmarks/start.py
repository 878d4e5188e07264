"""How soon the web process answers after its start, and how much memory it takes, also after its first prediction."""

import base64
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from backend.label_studio.client import ProjectState
from backend.services import Services
from backend.settings import Settings
from backend.store.names import new_name
from backend.store.records.version import RecordedSettings, VersionRecord
from backend.store.versions import Version
from model.head.fitting import fit
from model.head.head import FeatureTransform
from scripts.cli.progress import tracked
from scripts.lab.benchmarks import memory
from scripts.lab.benchmarks.errors import BenchmarkError
from scripts.lab.benchmarks.figures import Figure, Measured, median
from scripts.lab.benchmarks.images import picture
from scripts.lab.benchmarks.samples import drawn
from scripts.stack.backend import BackendServer, web_spec
from scripts.stack.http import answers, local_session
from scripts.stack.image_project import label_config
from scripts.stack.ports import choose_port
from scripts.stack.processes import LocalProcess
from scripts.stack.redis import redis_spec

MOST_SECONDS, MOST_MB = 3.0, 400.0
FIRST_PORT = 21_500
PROJECT = 1
CLASSES = [f"class {number:03d}" for number in range(101)]
LABELS = 1_000
POLL_SECONDS = 0.01
PATIENCE = 60.0


def run(home: Path, backbones: Path, rounds: int = 5) -> Measured:
    """Start it on a backend folder with one project whose version is active, and ask it to predict one new image.

    Memory is that of gunicorn's two processes. When ready, pages that both hold count twice, and in the peaks; after a
    prediction they count once.

    Args:
        home: folder for its data, begun anew.
        backbones: folder of exports, by version.
        rounds: at least 1.

    Raises:
        BenchmarkError: it does not start.
    """
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (home / "backbones").symlink_to(backbones.resolve())
    redis = LocalProcess(redis_spec(choose_port(FIRST_PORT), home / "redis", home / "logs" / "redis.log"))
    redis.start()
    try:
        redis.wait_until_ready()
        measured = [_once(home, redis) for _ in tracked(range(rounds), "starting", kept=False)]
    finally:
        redis.stop()
    return Measured(
        figures=[
            Figure("web process, start", median([each["seconds"] for each in measured]), "s", MOST_SECONDS),
            Figure("web process, memory when ready", max(each["ready_mb"] for each in measured), "MB", MOST_MB),
            Figure("web process, memory after a prediction", max(each["own_mb"] for each in measured), "MB", MOST_MB),
            Figure(
                "web process, after a prediction, peaks of both processes together",
                max(each["peak_mb"] for each in measured),
                "MB",
            ),
        ],
        details={"starts": measured},
    )


def _once(home: Path, redis: LocalProcess) -> dict[str, float]:
    server = _server(home, redis)
    settings = _settings(server)
    version = _prepare(settings)
    process = LocalProcess(web_spec(server, home / "logs" / "backend.log"))
    started = time.perf_counter()
    process.start()
    try:
        while not answers(f"{server.url}/health"):
            if not process.is_running or time.perf_counter() - started > PATIENCE:
                raise BenchmarkError(f"The web process did not start; see {process.spec.log}.")
            time.sleep(POLL_SECONDS)
        seconds = time.perf_counter() - started
        ready = _memory(process.pid)
        _predict(server, version)
        after = _memory(process.pid)
    finally:
        process.stop()
    return {"seconds": seconds, "ready_mb": ready["now"], "peak_mb": after["peak"], "own_mb": after["own"]}


def _server(home: Path, redis: LocalProcess) -> BackendServer:
    return BackendServer(
        port=choose_port(FIRST_PORT + 1),
        folder=home,
        # Nobody listens there: the web process must start without Label Studio too.
        label_studio_url="http://127.0.0.1:9",
        label_studio_token="none",  # noqa: S106 - nobody asks for it
        documents=home,
        redis_port=_port_of(redis),
    )


def _port_of(redis: LocalProcess) -> int:
    command = redis.spec.command
    return int(command[command.index("--port") + 1])


def _settings(server: BackendServer) -> Settings:
    return Settings(label_studio_url=server.label_studio_url, model_dir=server.folder)


def _prepare(settings: Settings) -> str:
    """Put an active version into the backend's folder; returns its name."""
    services = Services(settings)
    services.migrate()
    project = services.project(PROJECT)
    features, labels = drawn(LABELS, len(CLASSES))
    head = fit(features, labels, CLASSES, FeatureTransform.of(features))
    record = VersionRecord(
        labels=(),
        settings=RecordedSettings(
            code="",
            backbone=services.backbones.base.version,
            classes=tuple(CLASSES),
            seed=settings.seed,
            holdout_share=settings.holdout_share,
            strategy=settings.strategy,
        ),
        strategy=settings.strategy,
        evaluation=None,
    )
    queue = np.arange(1, LABELS + 1)
    version = Version(new_name(datetime.now(UTC)), head, queue, queue / (LABELS + 1), record)
    state = ProjectState("start", label_config(CLASSES), "", "", tasks=0, annotations=0, skipped=0)
    services.mirror.record_state(project, state, None)
    services.versions.save(project, version)
    services.versions.activate(project, version.name)
    return version.name


def _predict(server: BackendServer, version: str) -> None:
    image = f"data:image/jpeg;base64,{base64.b64encode(picture(0, 0)).decode()}"
    body = {"project": f"{PROJECT}.0", "tasks": [{"id": 1, "data": {"image": image}}], "params": {"context": None}}
    with local_session() as session:
        deadline = time.perf_counter() + PATIENCE
        while time.perf_counter() < deadline:
            result = session.post(f"{server.url}/predict", json=body, timeout=PATIENCE).json()["results"][0]
            if result["model_version"] == version and result["result"]:
                return
            # The active versions are read a moment after the first answer.
            time.sleep(0.1)
    raise BenchmarkError(f"/predict gave no pre-annotation of version {version}.")


def _memory(pid: int) -> dict[str, float]:
    """Memory of the process and its children together, in MB."""
    each = [memory.of_process(member) for member in memory.family(pid)]
    return {name: sum(getattr(one, name) for one in each) for name in ("now", "peak", "own")}
