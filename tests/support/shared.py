"""What all the test processes of a session use together, and who makes and ends it.

pytest-xdist runs a session in several processes, and a session-scoped fixture is made in each of them. What takes long
to make is made by the first process that needs it; the others find it in the session's folder.
"""

import json
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

from filelock import FileLock, Timeout

from scripts.stack.http import answers
from scripts.stack.label_studio import LabelStudioServer, install, label_studio_spec
from scripts.stack.ports import choose_port
from scripts.stack.processes import LocalProcess
from tests.support.label_studio import RunningLabelStudio
from tests.support.waiting import until

CHECKOUT = Path(__file__).parents[2]
CACHE = CHECKOUT / ".cache"
"""Kept from session to session."""

ENVIRONMENT = CACHE / "label-studio-env"
TOKEN = "5eed" * 10
FOR_SEVERAL = {
    "DJANGO_SETTINGS_MODULE": "busy_settings",
    "PYTHONPATH": str(Path(__file__).parent / "busy_label_studio"),
    # It gives a backend a second to answer: on a busy machine that is no sign of a backend that is away.
    "ML_CONNECTION_TIMEOUT": "30",
    "ML_TIMEOUT_HEALTH": "30",
    "ML_TIMEOUT_SETUP": "30",
    "ML_TIMEOUT_DELETE": "30",
    "WEBHOOK_TIMEOUT": "30",
}
# The first start in a fresh checkout makes the database: a minute on a quiet machine.
PATIENCE_SECONDS = 280.0


def make_once(folder: Path, make: Callable[[Path], object]) -> Path:
    """Have one process at a time make a folder that is not there yet.

    Args:
        folder: its parent is made, too.
        make: fills the folder, whole or not at all.

    Returns:
        The folder.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder.parent}.lock"):
        if not folder.exists():
            make(folder)
    return folder


class SharedLabelStudio:
    """One Label Studio for all the processes of a session.

    Whoever begins first starts it, and does not wait for it: other tests run meanwhile. It ends when the last process
    has left.

    Args:
        folder: of this session, the same in all its processes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = FileLock(folder / "label-studio.lock")
        self._users = folder / "label-studio-users"
        self._here = FileLock(self._users / f"{os.getpid()}.lock")
        self._process: LocalProcess | None = None

    def begin(self) -> None:
        """Announce this process, and start Label Studio where no other process has."""
        self._users.mkdir(parents=True, exist_ok=True)
        with self._lock:
            self._here.acquire()
            if not self._address.exists():
                self._start()

    def wait_until_ready(self) -> RunningLabelStudio:
        """Label Studio as this process uses it.

        Raises:
            AssertionError: it did not become ready; the message holds the end of its log.
        """
        server = self._server()
        until(
            lambda: answers(f"{server.url}/health") or self._has_died(),
            "Label Studio",
            PATIENCE_SECONDS,
            0.2,
            more=self._log_tail,
        )
        assert not self._has_died(), self._log_tail()
        with self._lock:
            keep_data(server.data)
        return RunningLabelStudio(server)

    def leave(self) -> None:
        """This process needs it no more; who started it waits for the others, and ends it."""
        self._here.release()
        while self._process is not None:
            with self._lock:
                if not self._is_used():
                    self._address.unlink()
                    # What it holds is thrown away: it need not end in good order, which takes ten seconds.
                    self._process.kill()
                    return
            time.sleep(0.2)

    def _is_used(self) -> bool:
        """Whether any process holds its lock: an operating system frees those of a process that died."""
        for user in self._users.iterdir():
            try:
                with FileLock(user, blocking=False):
                    pass
            except Timeout:
                return True
        return False

    def _has_died(self) -> bool:
        """Whether it ended, as far as this process can tell: only who started it can."""
        return self._process is not None and not self._process.is_running

    @property
    def _address(self) -> Path:
        return self._folder / "label-studio.json"

    @property
    def _log(self) -> Path:
        return self._folder / "label-studio.log"

    def _start(self) -> None:
        install_label_studio()
        server = LabelStudioServer(
            port=choose_port(18_180),
            data=self._folder / "label-studio" / "data",
            documents=self._folder / "label-studio" / "documents",
            username="owner@example.com",
            password="owner's password",
            token=TOKEN,
        )
        restore_data(server.data)
        spec = label_studio_spec(server, ENVIRONMENT, self._log)
        self._process = LocalProcess(replace(spec, environment={**spec.environment, **FOR_SEVERAL}))
        self._process.start()
        self._address.write_text(json.dumps({name: str(value) for name, value in asdict(server).items()}))

    def _server(self) -> LabelStudioServer:
        told = json.loads(self._address.read_text())
        places = {name: Path(told.pop(name)) for name in ("data", "documents")}
        return LabelStudioServer(port=int(told.pop("port")), **places, **told)

    def _log_tail(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-15:]) if self._log.exists() else ""


def install_label_studio() -> Path:
    """Label Studio's environment, made where it is not there yet; sessions of one checkout wait for each other."""
    CACHE.mkdir(exist_ok=True)
    with FileLock(CACHE / "label-studio.lock"):
        install(ENVIRONMENT)
    return ENVIRONMENT


def kept_data() -> Path:
    """Where a fresh Label Studio's database is kept, by what is installed: its first migration takes a minute."""
    return CACHE / f"label-studio-data-{(ENVIRONMENT / '.stamp').read_text()[:12]}"


def restore_data(data: Path) -> None:
    """Begin with the kept database, where there is one."""
    if kept_data().exists():
        shutil.copytree(kept_data(), data, dirs_exist_ok=True)


def keep_data(data: Path) -> None:
    """Keep a fresh database for later sessions, whole or not at all.

    Args:
        data: of a running Label Studio that nobody has used.
    """
    with FileLock(CACHE / "label-studio.lock"):
        if not kept_data().exists():
            _copy_database(data, kept_data())


def _copy_database(data: Path, kept: Path) -> None:
    unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=kept.parent))
    shutil.copy(data / ".env", unfinished)  # Django's secret key: sessions and tokens are signed with it.
    name = "label_studio.sqlite3"
    with closing(sqlite3.connect(data / name)) as source, closing(sqlite3.connect(unfinished / name)) as target:
        source.backup(target)
    unfinished.rename(kept)
