"""Databases for the mirror's tests: SQLite, and PostgreSQL where this machine has it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from backend.store import database
from backend.store.schema import Base
from scripts.stack.ports import choose_port
from scripts.stack.processes import LocalProcess, ProcessSpec
from scripts.stack.surroundings import inherited

DEBIAN = Path("/usr/lib/postgresql")


def postgres_programs() -> Path | None:
    """Folder of PostgreSQL's programs: Debian keeps them out of PATH."""
    found = shutil.which("initdb")
    listed = sorted(DEBIAN.glob("*/bin/initdb")) if DEBIAN.exists() else []
    programs = Path(found) if found else (listed[-1] if listed else None)
    return programs.parent if programs else None


def as_somebody(*command: str) -> tuple[str, ...]:
    """PostgreSQL refuses to run as root, so as root it runs as nobody."""
    if os.geteuid() != 0:
        return command
    return ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command)


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL's programs are not on this machine (Debian: apt install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="label-loop-postgres-"))  # pytest's own folders are closed to others
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
    port = choose_port(15_432)
    data = folder / "data"
    cluster = ("--pgdata", str(data), "--auth", "trust", "--username", "loop", "--encoding", "UTF8", "--no-sync")
    try:
        subprocess.run(
            as_somebody(str(programs / "initdb"), *cluster), check=True, capture_output=True, cwd=folder, timeout=120
        )
        url = f"postgresql://loop@127.0.0.1:{port}/postgres"
        where = ("-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", str(folder), "-c", "fsync=off")
        process = LocalProcess(
            ProcessSpec(
                name="PostgreSQL",
                command=as_somebody(str(programs / "postgres"), *where),
                environment=inherited(),
                folder=folder,
                log=tmp_path_factory.mktemp("postgres") / "postgres.log",
                is_ready=lambda: answers(url),
                patience=60.0,
            )
        )
        process.start()
        try:
            process.wait_until_ready()
            yield url.replace("postgresql://", "postgresql+psycopg://")
        finally:
            process.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def answers(url: str) -> bool:
    """Whether a PostgreSQL answers."""
    try:
        with closing(psycopg.connect(url, connect_timeout=2)):
            return True
    except psycopg.OperationalError:
        return False


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'mirror.sqlite3'}"
    url = str(request.getfixturevalue("postgres_url"))
    with closing(database.connect(url).connect()) as connection:
        Base.metadata.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
        connection.commit()
    return url


@pytest.fixture
def engine(database_url: str, tmp_path: Path) -> Iterator[Engine]:
    """A database with today's schema."""
    made = database.connect(database_url)
    database.migrate(database_url, tmp_path)
    yield made
    made.dispose()
