"""Label Studio, Redis, the backend's processes and all that is around them: each can be killed, and comes back."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

import psutil

from scripts.lab.benchmarks.stack import LABEL_STUDIO_ENVIRONMENT, TOKEN
from scripts.lab.soak.images import ImageHost
from scripts.lab.soak.proxy import LabelStudioProxy
from scripts.stack.backend import BackendServer, web_spec, worker_spec
from scripts.stack.label_studio import LabelStudioServer, install, label_studio_spec
from scripts.stack.ports import choose_port
from scripts.stack.processes import LocalProcess
from scripts.stack.redis import redis_spec

FIRST_PORT = 24_000
FIRST_START_SECONDS = 600.0
DISK_BYTES = 3_000_000_000
BASIC_AUTH = ("label-studio", "soak-only")
SECRET = "soak-only"  # noqa: S105 - of servers that live for an hour, on this machine


class Part(StrEnum):
    """A process that can be killed."""

    LABEL_STUDIO = "Label Studio"
    REDIS = "Redis"
    WEB = "web process"
    WORKER = "worker"


@dataclass(frozen=True)
class Installation:
    """Everything that runs.

    Attributes:
        label_studio: the server itself; the backend knows it by its proxy.
        proxy: between the backend and Label Studio.
        images: host of the images.
        server: the backend.
        processes: by part.
        disk: of the backend, small enough to be filled; None where none could be mounted.
        records: folder for what connecting a project was like before.
    """

    label_studio: LabelStudioServer
    proxy: LabelStudioProxy
    images: ImageHost
    server: BackendServer
    processes: dict[Part, LocalProcess]
    disk: Path | None
    records: Path
    _corrupted: set[str] = field(default_factory=set)

    def kill(self, part: Part) -> None:
        """End a process and its children at once, and start it again: as a service manager does."""
        process = self.processes[part]
        process.kill()
        process.start()
        process.wait_until_ready()

    def kill_work_horse(self) -> bool:
        """End what the worker has forked for a job; False where it has nothing to do."""
        with suppress(psutil.Error):
            for child in psutil.Process(self.processes[Part.WORKER].pid).children():
                child.send_signal(signal.SIGKILL)
                return True
        return False

    def corrupt(self, version: Path, name: str, garbage: bytes) -> None:
        """Overwrite a file of a version."""
        self._corrupted.add(name)
        version.write_bytes(garbage)

    @property
    def corrupted(self) -> frozenset[str]:
        """Versions of which we overwrote a file."""
        return frozenset(self._corrupted)


@contextmanager
def running(home: Path) -> Iterator[Installation]:
    """Start everything anew in `home`; stop it at the end.

    Raises:
        StackError: a process does not become ready.
    """
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    install(LABEL_STUDIO_ENVIRONMENT)
    disk = _small_disk(home / "backend")
    installation = _laid_out(home, disk)
    installation.proxy.serve()
    installation.images.serve()
    started = list(installation.processes.values())
    try:
        for process in started:
            process.start()
        for process in started:
            process.wait_until_ready()
        yield installation
    finally:
        for process in reversed(started):
            process.stop()
        installation.proxy.shutdown()
        installation.images.shutdown()
        if disk is not None:
            subprocess.run(["umount", "--lazy", str(disk)], check=False)


def _laid_out(home: Path, disk: Path | None) -> Installation:
    ports: list[int] = []
    for _ in range(5):
        ports.append(choose_port(FIRST_PORT, avoid=ports))
    label_studio = LabelStudioServer(
        port=ports[0],
        data=home / "label-studio",
        documents=home / "documents",
        username="soak@example.com",
        password="soak-only",  # noqa: S106 - as the secret
        token=TOKEN,
    )
    proxy, images = LabelStudioProxy(ports[1], ports[0]), ImageHost(ports[2])
    server = BackendServer(
        port=ports[3],
        folder=home / "backend",
        label_studio_url=proxy.url,
        label_studio_token=TOKEN,
        documents=label_studio.documents,
        redis_port=ports[4],
        basic_auth=BASIC_AUTH,
        webhook_secret=SECRET,
        # The images' host is on this machine.
        more={"IMAGE_ALLOW_PRIVATE": "127.0.0.0/8"},
    )
    logs = home / "logs"
    specs = {
        Part.REDIS: redis_spec(ports[4], home / "redis", logs / "redis.log"),
        Part.LABEL_STUDIO: replace(
            label_studio_spec(label_studio, LABEL_STUDIO_ENVIRONMENT, logs / "label-studio.log"),
            patience=FIRST_START_SECONDS,
        ),
        Part.WEB: web_spec(server, logs / "backend.log"),
        Part.WORKER: worker_spec(server, logs / "worker.log"),
    }
    processes = {part: LocalProcess(spec) for part, spec in specs.items()}
    return Installation(label_studio, proxy, images, server, processes, disk, home / "records")


def _small_disk(folder: Path) -> Path | None:
    """A file system of its own for a folder; None where nobody may mount one."""
    folder.mkdir(parents=True)
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return None
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    mounted = subprocess.run(command, check=False, capture_output=True)
    return folder if mounted.returncode == 0 else None
