"""SQLite's file: damaged, another program's, gone or in the way, it is made anew; otherwise it stays."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest
from alembic.util import CommandError
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from backend.label_studio.client import ProjectState
from backend.project import Project
from backend.store import database
from backend.store.mirror import Mirror
from backend.store.quarantine import Quarantine

pytestmark = pytest.mark.fault("S5")

PROJECT = Project("http://one.example", 7)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database with a project, and no write-ahead log beside it."""
    file = tmp_path / "mirror.sqlite3"
    database.migrate(f"sqlite:///{file}", tmp_path)
    engine = database.connect(f"sqlite:///{file}")
    Mirror(engine).record_state(PROJECT, ProjectState("t", "<View/>", "", "", 0, 0, 0), None)
    engine.dispose()
    return file


def garbage(file: Path) -> None:
    file.write_bytes(b"garbage" * 10_000)


def empty(file: Path) -> None:
    file.write_bytes(b"")


def torn(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def scrambled(file: Path) -> None:
    """Whole at its head, garbage behind."""
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


def a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def another_programs(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE runs (number)")


def another_programs_with_migrations(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE alembic_version (version_num)")
        other.execute("INSERT INTO alembic_version VALUES ('cbc13b556ace')")
        other.commit()


def gone(file: Path) -> None:
    file.unlink()


DAMAGES = (garbage, empty, torn, scrambled, a_folder, another_programs, another_programs_with_migrations, gone)


@pytest.mark.parametrize("damage", DAMAGES)
def test_at_the_start_it_is_made_anew(damage: Callable[[Path], None], file: Path, tmp_path: Path) -> None:
    damage(file)
    database.migrate(f"sqlite:///{file}", tmp_path)
    engine = database.connect(f"sqlite:///{file}", tmp_path)
    try:
        with suppress(DatabaseError):
            Mirror(engine).projects()
        assert Mirror(engine).projects() == []
    finally:
        engine.dispose()


@pytest.mark.parametrize("damage", DAMAGES)
def test_at_work_it_is_made_anew(damage: Callable[[Path], None], file: Path, tmp_path: Path) -> None:
    engine = database.connect(f"sqlite:///{file}", tmp_path)
    try:
        damage(file)
        with suppress(DatabaseError):
            Mirror(engine).projects()
        assert Mirror(engine).projects() == []
    finally:
        engine.dispose()


def test_a_database_of_a_newer_release_stays(file: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(file)) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
        newer.commit()
    with pytest.raises(CommandError):
        database.migrate(f"sqlite:///{file}", tmp_path)
    assert Quarantine(tmp_path).all() == []


def test_an_error_that_is_no_damage_leaves_it_as_it_is(file: Path, tmp_path: Path) -> None:
    engine = database.connect(f"sqlite:///{file}", tmp_path)
    with engine.connect() as connection, pytest.raises(DatabaseError):
        connection.execute(text("SELECT * FROM no_such_thing"))
    assert len(Mirror(engine).projects()) == 1
    engine.dispose()
    assert Quarantine(tmp_path).all() == []


def test_a_backup_that_is_put_in_its_place_is_read_at_once(file: Path, tmp_path: Path) -> None:
    engine, backup = database.connect(f"sqlite:///{file}", tmp_path), tmp_path / "backup.sqlite3"
    shutil.copy(file, backup)
    Mirror(engine).forget(PROJECT)
    for path in tmp_path.glob("mirror.sqlite3*"):
        path.unlink()
    backup.rename(file)
    assert len(Mirror(engine).projects()) == 1
    engine.dispose()


def test_a_folder_in_the_place_of_the_lock_is_set_aside(file: Path, tmp_path: Path) -> None:
    (tmp_path / "migrate.lock").unlink(missing_ok=True)
    (tmp_path / "migrate.lock").mkdir()
    database.migrate(f"sqlite:///{file}", tmp_path)
    assert [each.path for each in Quarantine(tmp_path).all()] == ["migrate.lock"]


@pytest.mark.parametrize("damage", [garbage, a_folder])
def test_a_damaged_database_of_mlflow_is_set_aside(damage: Callable[[Path], None], file: Path, tmp_path: Path) -> None:
    database.set_aside_if_corrupt(f"sqlite:///{file}", tmp_path)
    assert file.exists()
    damage(file)
    database.set_aside_if_corrupt(f"sqlite:///{file}", tmp_path)
    assert not file.exists()
    assert Quarantine(tmp_path).all()[0].lost
