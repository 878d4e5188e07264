"""Opens the SQL database, brings its schema up to date, and makes it anew where SQLite's file is damaged or gone."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from filelock import FileLock
from sqlalchemy import Engine, create_engine, event, inspect, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from backend import logs
from backend.store.quarantine import Quarantine

BUSY_SECONDS = 20

_DAMAGED = ("file is not a database", "malformed", "database corruption")
_SUSPECT = (*_DAMAGED, "no such table", "unable to open database file")
"""What SQLite says of a file that is damaged; and what else it says of one that is gone, or none of ours."""

log = logs.get()


def connect(url: str, model_dir: Path | None = None) -> Engine:
    """An engine for SQLite (write-ahead log, foreign keys on) or any other database by URL.

    Args:
        url: of the database.
        model_dir: where SQLite's file is set aside when it is found damaged; None leaves it to whoever meets the error.
    """
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    if model_dir is not None:
        _follow_file(engine, file_of(url))
        _heal(engine, url, model_dir)
    return engine


def migrate(url: str, model_dir: Path) -> None:
    """Apply the migrations that are missing; processes that start together take turns.

    No connection stays open: the worker forks afterwards, and SQLite's locks don't survive a fork.

    Args:
        url: of the database.
        model_dir: for the lock, and where SQLite's file is set aside when it is found damaged.
    """
    with _alone(model_dir):
        try:
            _upgrade(url)
        except (DatabaseError, CommandError) as error:
            if not url.startswith("sqlite") or not set_aside_if_damaged(url, model_dir, error):
                raise
            _upgrade(url)


def set_aside_if_damaged(url: str, model_dir: Path, error: Exception | str) -> bool:
    """Put SQLite's file away if it can't be read, or is some other program's; whether it was, or is gone.

    Args:
        url: of the database.
        model_dir: where to.
        error: why it is looked at.
    """
    file, quarantine = file_of(url), Quarantine(model_dir)
    beside = [file.with_name(file.name + suffix) for suffix in ("-wal", "-shm", "-journal")]
    for folder in (path for path in beside if path.is_dir()):
        quarantine.set_aside(folder, "a folder in the place of a file of SQLite's")
    if file.exists() and _is_ours(file):
        return False
    for path in (file, *beside):
        quarantine.set_aside(path, error)
    return True


def set_aside_if_corrupt(url: str, model_dir: Path) -> None:
    """Put a SQLite file of another program, such as MLflow's, away if it can't be read; that program makes it anew."""
    file = file_of(url)
    try:
        if file.is_dir():
            raise sqlite3.DatabaseError("a folder in the place of a database")
        if file.exists():
            with closing(sqlite3.connect(file, timeout=BUSY_SECONDS)) as connection:
                connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.DatabaseError as error:
        if file.is_dir() or any(words in str(error) for words in _DAMAGED):
            Quarantine(model_dir).set_aside(file, error, lost="What MLflow has tracked in this file.")


def file_of(url: str) -> Path:
    """SQLite's file."""
    return Path(make_url(url).database or "")


def _upgrade(url: str) -> None:
    engine = connect(url)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        if not inspect(engine).has_table("projects"):
            raise DatabaseError("select", None, sqlite3.DatabaseError("no such table: projects"))
    finally:
        engine.dispose()


def _is_ours(file: Path) -> bool:
    """Whether a file is a whole SQLite database with our tables."""
    try:
        with closing(sqlite3.connect(file, timeout=BUSY_SECONDS)) as connection:
            whole = connection.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",)
            return whole and bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'projects'").fetchone())
    except sqlite3.DatabaseError as error:
        # A full disk or a lock says nothing of the file.
        return file.is_file() and not any(words in str(error) for words in _DAMAGED)


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _follow_file(engine: Engine, file: Path) -> None:
    """Never use a connection to a file that is another one by now: set aside, or put in its place from a backup."""

    @event.listens_for(engine, "connect")
    def remember(_: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        entry.info["file"] = _number(file)

    @event.listens_for(engine, "checkout")
    def compare(_: DBAPIConnection, entry: ConnectionPoolEntry, proxy: Any) -> None:  # noqa: ARG001 - the event's
        if entry.info.get("file") != _number(file):
            raise DisconnectionError("the database's file is another one now")


def _number(file: Path) -> int | None:
    with suppress(OSError):
        return file.stat().st_ino
    return None


def _heal(engine: Engine, url: str, model_dir: Path) -> None:
    """Make the database anew as soon as an error says that its file is damaged: the next statement finds it whole."""

    @event.listens_for(engine, "handle_error")
    def look(context: ExceptionContext) -> None:
        error = context.original_exception
        if not isinstance(error, sqlite3.DatabaseError) or not any(words in str(error) for words in _SUSPECT):
            return
        context.is_disconnect = True
        with _alone(model_dir):
            if set_aside_if_damaged(url, model_dir, error):
                _upgrade(url)
                log.warning("the database is made anew; all projects are pulled again")


@contextmanager
def _alone(model_dir: Path) -> Iterator[None]:
    """Hold off other processes that make or change the database's schema."""
    model_dir.mkdir(parents=True, exist_ok=True)
    lock = model_dir / "migrate.lock"
    if lock.is_dir():
        Quarantine(model_dir).set_aside(lock, "a folder in the place of a lock")
    with FileLock(lock):
        yield
