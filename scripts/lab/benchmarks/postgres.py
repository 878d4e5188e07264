"""A PostgreSQL server of its own for a while: Debian's package `postgresql`, nothing of an existing server touched."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.lab.benchmarks.errors import BenchmarkError
from scripts.stack.processes import ProcessSpec
from scripts.stack.surroundings import inherited

DEBIAN = Path("/usr/lib/postgresql")
USER = "postgres"
"""Debian's user for it: PostgreSQL refuses to run as root."""


@dataclass(frozen=True)
class PostgresServer:
    """One PostgreSQL on this machine.

    Attributes:
        port: on 127.0.0.1 only; who is on this machine needs no password.
        folder: of its data.
    """

    port: int
    folder: Path

    def label_studio_environment(self) -> dict[str, str]:
        """What Label Studio must be told to keep its data here."""
        return {
            "DJANGO_DB": "default",
            "POSTGRE_NAME": "postgres",
            "POSTGRE_USER": USER,
            "POSTGRE_PASSWORD": "",
            "POSTGRE_PORT": str(self.port),
            "POSTGRE_HOST": "127.0.0.1",
        }


def postgres_spec(server: PostgresServer, log: Path) -> ProcessSpec:
    """Make an empty database, and how to run it.

    Raises:
        BenchmarkError: PostgreSQL is not installed, or the database cannot be made.
    """
    programs = _programs()
    shutil.rmtree(server.folder, ignore_errors=True)
    server.folder.mkdir(parents=True)
    if os.geteuid() == 0:
        account = pwd.getpwnam(USER)
        os.chown(server.folder, account.pw_uid, account.pw_gid)
    made = subprocess.run(
        _unprivileged(str(programs / "initdb"), "-D", str(server.folder), "-U", USER, "--auth", "trust"),
        check=False,
        cwd="/",
        capture_output=True,
        text=True,
    )
    if made.returncode:
        raise BenchmarkError(f"PostgreSQL's database cannot be made in {server.folder}: {made.stderr.strip()}")
    listen = ("-c", "listen_addresses=127.0.0.1", "-p", str(server.port), "-c", "unix_socket_directories=")
    ready = (str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(server.port))
    return ProcessSpec(
        name="PostgreSQL",
        command=tuple(_unprivileged(str(programs / "postgres"), "-D", str(server.folder), *listen)),
        environment=inherited(),
        folder=Path("/"),
        log=log,
        is_ready=lambda: subprocess.run(ready, check=False).returncode == 0,
        patience=30.0,
    )


def _programs() -> Path:
    """Folder of the newest installed server's programs."""
    found = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise BenchmarkError("PostgreSQL is not installed. On Debian: apt-get install postgresql.")
    return found[-1].parent


def _unprivileged(*command: str) -> Sequence[str]:
    return (
        ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", *command) if os.geteuid() == 0 else command
    )
