"""Where studies are kept: a database that SQLAlchemy knows, or Redis."""

import re
import warnings

import redis
from optuna.exceptions import ExperimentalWarning, OptunaError
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalRedisBackend
from sqlalchemy.exc import SQLAlchemyError

from scripts.lab.tuning.errors import TuningError

REDIS = ("redis://", "rediss://")
PREFIX = "label-loop:tuning"
"""Of the keys in Redis."""
LOCKED_SECONDS = 60
"""How long a worker waits for another that writes to the same SQLite file."""

FAILURES = (OptunaError, SQLAlchemyError, redis.RedisError)
"""What storages raise that can't be reached, or hold something else."""


def open_storage(url: str) -> BaseStorage:
    """The storage at an address; its tables are made where they are missing.

    Raises:
        TuningError: it can't be used.
    """
    try:
        if url.startswith(REDIS):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ExperimentalWarning)
                return JournalStorage(JournalRedisBackend(url, prefix=PREFIX))
        timeout = {"connect_args": {"timeout": LOCKED_SECONDS}} if url.startswith("sqlite") else {}
        return RDBStorage(url, engine_kwargs=timeout)
    # An address may ask for a driver that is not installed.
    except (*FAILURES, ImportError) as problem:
        raise unusable(url, problem) from problem


def unusable(url: str, problem: Exception) -> TuningError:
    """The error for a storage that fails."""
    reason = without_password(str(problem).strip().partition("\n")[0])
    return TuningError(
        f"The storage {without_password(url)} can't be used ({reason}). Start it, or give another --storage: "
        "sqlite:///FILE, postgresql+psycopg://USER@HOST/DATABASE or redis://HOST:PORT/0."
    )


def without_password(url: str) -> str:
    """An address as it may be shown."""
    return re.sub(r"(://[^:@/\s]*):[^@\s]*@", r"\1:…@", url)
