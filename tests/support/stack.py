"""The backend's real processes on real servers: Label Studio, Redis, the web process and the worker."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import redis
import requests
from prometheus_client.parser import text_string_to_metric_families

from backend.project import Project
from backend.services import Services
from backend.settings import Settings
from backend.store.records.version import VersionRecord
from backend.tracking.outbox import Outbox
from scripts.cli.connection.address import BackendAddress
from scripts.stack.backend import BackendServer, web_spec, worker_spec
from scripts.stack.http import local_session
from scripts.stack.ports import choose_port
from scripts.stack.processes import LocalProcess
from scripts.stack.redis import client, redis_spec, redis_url
from tests.support.label_studio import RunningLabelStudio
from tests.support.waiting import until

LOG_LINES = 25


@dataclass(frozen=True)
class RunningRedis:
    """One Redis process."""

    port: int
    process: LocalProcess

    @property
    def url(self) -> str:
        """Address of its first database."""
        return redis_url(self.port)

    @contextmanager
    def client(self) -> Iterator[redis.Redis]:
        """A client for a few commands."""
        with closing(client(self.port)) as asking:
            yield asking


def start_redis(folder: Path) -> RunningRedis:
    """A Redis on a free port."""
    port = choose_port(17_379)
    process = LocalProcess(redis_spec(port, folder, folder / "redis.log"))
    process.start()
    process.wait_until_ready()
    return RunningRedis(port, process)


@dataclass(frozen=True)
class RunningStack:
    """A backend at work for a Label Studio.

    Attributes:
        folder: of logs and everything that the backend keeps.
    """

    label_studio: RunningLabelStudio
    redis: RunningRedis
    server: BackendServer
    web: LocalProcess
    worker: LocalProcess
    folder: Path

    @property
    def url(self) -> str:
        """Address of the web process."""
        return self.server.url

    @property
    def address(self) -> BackendAddress:
        """The backend as Label Studio reaches it."""
        return BackendAddress(self.server.url, self.server.basic_auth, self.server.webhook_secret)

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """Ask the web process, with its user and password where it has them."""
        with local_session() as session:
            session.auth = self.server.basic_auth
            return session.request(method, self.url + path, timeout=90.0, **options)

    def forget(self, project: int) -> None:
        """Take a project out of the mirror, and its files: as if it had never been connected."""
        served, folder = self.server.label_studio_url, self.server.folder
        services = Services(Settings(label_studio_url=served, model_dir=folder, database_url=""))
        # The mirror last: a project that only files are left of is pulled again.
        services.project_files.remove(services.project(project).key)
        services.mirror.forget(services.project(project))

    def health(self) -> dict[str, Any]:
        """What `/health` answers."""
        answer: dict[str, Any] = self.call("GET", "/health").json()
        return answer

    def named_version(self, project: int) -> str:
        """The version that Label Studio is told when it asks about a project."""
        return str(self.call("POST", "/predict", json={"project": f"{project}.0", "tasks": []}).json()["model_version"])

    def versions(self, project: int) -> list[str]:
        """Names of the project's versions, oldest first."""
        return list(self.call("GET", "/versions", params={"project": project}).json()["versions"])

    def version(self, project: int, name: str) -> dict[str, Any] | None:
        """What made a version, or None where the backend has none of this name."""
        answer = self.call("GET", f"/api/projects/{project}/versions/{name}")
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        made: dict[str, Any] = answer.json()
        return made

    def metrics(self) -> dict[str, float]:
        """Samples of `/metrics` by name and labels, e.g. `label_loop_runs_total{outcome=published}`.

        Those that the worker counts are as old as the web process's last look, three seconds at most.
        """
        samples = (
            sample
            for family in text_string_to_metric_families(self.call("GET", "/metrics").text)
            for sample in family.samples
        )
        return {_sample_name(sample.name, sample.labels): sample.value for sample in samples}

    def counters(self) -> dict[str, float]:
        """The worker's counters as they stand in Redis now, e.g. `runs:published`."""
        with self.redis.client() as asking:
            stored = [cast("dict[bytes, bytes]", asking.hgetall(key)) for key in self._keys("label-loop:*:counters")]
        return {name.decode(): float(value) for each in stored for name, value in each.items()}

    def runs(self) -> int:
        """Runs that ended, however they ended, but for those about a project which an earlier test deleted."""
        ended = {name: value for name, value in self.counters().items() if name.startswith("runs:")}
        return int(sum(ended.values()) - ended.get("runs:forgotten", 0) - ended.get("runs:missing", 0))

    def runs_of(self, outcome: str) -> int:
        """Runs that ended in one way, e.g. `published`."""
        return int(self.counters().get(f"runs:{outcome}", 0))

    def version_file(self, project: int, version: str, name: str) -> bytes:
        """One of a version's files, e.g. `head.safetensors`."""
        key = Project(self.label_studio.url, project).key
        return (self.server.folder / "versions" / key / version / name).read_bytes()

    def labels_of(self, project: int, version: str) -> dict[int, str]:
        """Class by task id, as a version was trained on them."""
        record = VersionRecord.from_json(json.loads(self.version_file(project, version, "version.json")))
        return {label.task: label.choice for label in record.labels}

    def tracked(self) -> list[str]:
        """Names of what waits for MLflow, in the order in which it was noted."""
        outbox = Outbox(self.server.folder / "tracking" / "outbox")
        return [outbox.read(item).name for item in outbox.waiting()]

    def wait_until_quiet(self, project: int) -> None:
        """Wait until no event, job or run is left for a project."""

        def quiet() -> bool:
            held = [key for name in ("refresh", "lease") for key in self._keys(f"label-loop:*:{name}:{project}")]
            return not (held or self.has_a_run(project))

        until(quiet, f"project {project} to be quiet", more=self.log_tail)

    def has_a_run(self, project: int) -> bool:
        """Whether an event asks for a run of the project, or one is queued or under way."""
        with self.redis.client() as asking:
            flagged = any(asking.hexists(key, str(project)) for key in self._keys("label-loop:*:dirty"))
        return flagged or bool(self._keys(f"label-loop:*:run:{project}")) or self.is_running(project)

    def is_running(self, project: int) -> bool:
        """Whether a run of the project is under way."""
        with self.redis.client() as asking:
            return any(asking.hexists(key, str(project)) for key in self._keys("label-loop:*:running"))

    def log_tail(self) -> str:
        """The ends of both logs."""
        return "\n".join(
            f"{process.spec.log.name}:\n" + "\n".join(process.spec.log.read_text().splitlines()[-LOG_LINES:])
            for process in (self.web, self.worker)
        )

    def restarted(self, **settings: str) -> "RunningStack":
        """The same backend, its processes started anew with other settings beside those that it has."""
        for process in (self.worker, self.web):
            process.stop()
        server = replace(self.server, more={**self.server.more, **settings})
        web, worker = _start(server, self.folder)
        return replace(self, server=server, web=web, worker=worker)

    def _keys(self, pattern: str) -> list[str]:
        with self.redis.client() as asking:
            return [key.decode() for key in asking.scan_iter(match=pattern)]

    def stop(self) -> None:
        """End both processes and Redis, at once: what they keep is thrown away."""
        for process in (self.worker, self.web, self.redis.process):
            process.kill()


def start_stack(
    label_studio: RunningLabelStudio,
    backbones: Path,
    folder: Path,
    *,
    token: str | None = None,
    basic_auth: tuple[str, str] | None = None,
    webhook_secret: str | None = None,
    more: dict[str, str] | None = None,
) -> RunningStack:
    """Start Redis, web process and worker on free ports, in folders of their own.

    Args:
        label_studio: that they work for.
        backbones: folder of exports, by backbone version: no worker needs seconds to make its own.
        folder: for logs and all that the backend keeps.
        token: of Label Studio; its owner's where it is None.
        basic_auth: user and password that callers must give.
        webhook_secret: that the webhook must carry.
        more: further environment variables, e.g. `{"POLL_SECONDS": "1"}`.
    """
    kept = folder / "backend"
    kept.mkdir(parents=True)
    (kept / "backbones").symlink_to(backbones, target_is_directory=True)
    running_redis = start_redis(folder / "redis")
    server = BackendServer(
        port=choose_port(19_090),
        folder=kept,
        label_studio_url=label_studio.url,
        label_studio_token=token or label_studio.token,
        documents=label_studio.documents,
        redis_port=running_redis.port,
        basic_auth=basic_auth,
        webhook_secret=webhook_secret,
        more=more or {},
    )
    try:
        web, worker = _start(server, folder)
    except BaseException:
        running_redis.process.kill()
        raise
    return RunningStack(label_studio, running_redis, server, web, worker, folder)


def _start(server: BackendServer, folder: Path) -> tuple[LocalProcess, LocalProcess]:
    """Web process and worker, ready."""
    web = LocalProcess(web_spec(server, folder / "backend.log"))
    worker = LocalProcess(worker_spec(server, folder / "worker.log"))
    for process in (web, worker):
        process.start()
    try:
        for process in (web, worker):
            process.wait_until_ready()
    except BaseException:
        for process in (worker, web):
            process.kill()
        raise
    return web, worker


def _sample_name(name: str, labels: dict[str, str]) -> str:
    listed = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    return f"{name}{{{listed}}}" if listed else name
