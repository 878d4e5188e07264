"""Sends what waits in an outbox to MLflow. The only importer of mlflow, which takes seconds to load.

A run carries its item's name as a tag. A delivery that was killed is found by it and gone on with: what is sent is the
same each time, and MLflow keeps it once.
"""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from backend import logs
from backend.tracking import plots
from backend.tracking.outbox import Outbox, Tracked

if TYPE_CHECKING:
    from mlflow import MlflowClient

ITEM, KIND, SOURCE = "label_loop.item", "label_loop.kind", "mlflow.source.name"
CONFUSION = "confusion.png"

MOST_AT_ONCE = 1_000
"""Runs that are removed at a time; the next delivery removes the rest."""

REFUSALS = ("INVALID_PARAMETER_VALUE", "INVALID_STATE", "BAD_REQUEST")
"""MLflow's codes for what it will not take later either, such as a run of an experiment that somebody deleted."""

SURROUNDINGS = {
    # It would report its use to its makers.
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # The outbox is what tries again.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}
"""Of MLflow, unless the environment says otherwise."""

log = logs.get()


def deliver(outbox: Outbox, uri: str, artefacts: Path) -> int:
    """Send all that waits. Never raises: where MLflow does not answer, the rest waits on, and the log says why.

    Args:
        outbox: whose items to deliver.
        uri: MLflow's tracking address.
        artefacts: folder for the files of runs, where the address is a database's; a server has a place of its own.

    Returns:
        How many items were sent; 0 also where another process is delivering.
    """
    sent = 0
    try:
        with _alone(outbox.folder) as alone:
            if not alone:
                return 0
            outbox.sweep()
            client = _client(uri)
            sender = Sender(client, None if _is_server(uri) else artefacts)
            for item in outbox.waiting():
                try:
                    sent += _deliver(outbox, item, sender)
                except Exception as error:
                    log.warning("not delivered yet", item=item, reason=_reason(error, uri))
                    # Raises where it is MLflow that is away, and not this item that has something.
                    _probe(client)
    except Exception as error:
        log.warning("MLflow takes no runs; they wait", waiting=len(outbox.waiting()), reason=_reason(error, uri))
    return sent


def forget_old(uri: str, artefacts: Path, keep: timedelta) -> int:
    """Remove our runs that began long ago from a database of our own, their files first. Never raises.

    Args:
        uri: MLflow's tracking address; from a server nothing is removed: that is its owner's to say.
        artefacts: folder for the files of runs.
        keep: how long a run stays.

    Returns:
        How many runs were removed.
    """
    if _is_server(uri):
        return 0
    try:
        client = _client(uri)
        experiments = [each.experiment_id for each in client.search_experiments(max_results=MOST_AT_ONCE)]
        old = f"tags.`{KIND}` != '' and attributes.start_time < {_milliseconds(datetime.now(UTC) - keep)}"
        runs = client.search_runs(experiments, old, max_results=MOST_AT_ONCE)
        for run in runs:
            shutil.rmtree(artefacts / run.info.run_id, ignore_errors=True)
            client.delete_run(run.info.run_id)
    except Exception as error:
        log.warning("old runs stay in MLflow", reason=_reason(error, uri))
        return 0
    return len(runs)


def _deliver(outbox: Outbox, item: str, sender: "Sender") -> bool:
    """Send an item, and remove it from the outbox; whether MLflow has it.

    Raises:
        Exception: whatever MLflow and what it is built on raise; the item stays.
    """
    try:
        tracked = outbox.read(item)
    except ValueError as error:
        log.warning("dropped untracked", item=item, reason=str(error))
        outbox.remove(item)
        return False
    sent = True
    try:
        sender.send(item, tracked)
    except Exception as error:
        if getattr(error, "error_code", None) not in REFUSALS:
            raise
        log.warning("MLflow refuses a run; it is dropped", name=tracked.name, reason=str(error))
        sent = False
    outbox.remove(item)
    return sent


class Sender:
    """Makes items runs of MLflow's."""

    def __init__(self, client: "MlflowClient", artefacts: Path | None) -> None:
        """A sender.

        Args:
            client: of MLflow.
            artefacts: folder for the files of new experiments' runs; None leaves it to MLflow.
        """
        self._client = client
        self._artefacts = artefacts

    def send(self, item: str, tracked: Tracked) -> None:
        """Make an item a run, or finish the one that a killed delivery began."""
        number = self._run(item, tracked)
        self._log_numbers(number, tracked)
        for path in tracked.artefacts:
            if path.is_dir():
                self._client.log_artifacts(number, str(path), path.name)
            else:
                self._client.log_artifact(number, str(path))
        if tracked.confusion:
            with tempfile.TemporaryDirectory() as folder:
                plots.confusion_matrix(tracked.confusion, Path(folder) / CONFUSION)
                self._client.log_artifact(number, str(Path(folder) / CONFUSION))
        self._client.set_terminated(number, tracked.end, _milliseconds(tracked.ended))

    def _run(self, item: str, tracked: Tracked) -> str:
        """MLflow's id of an item's run, which is made if it is not there."""
        experiment = self._experiment(tracked.experiment)
        found = self._client.search_runs([experiment], f"tags.`{ITEM}` = '{item}'", max_results=1)
        if found:
            return str(found[0].info.run_id)
        tags = {**tracked.tags, ITEM: item, KIND: tracked.kind, SOURCE: "Label Loop"}
        begun = _milliseconds(tracked.started)
        made = self._client.create_run(experiment, start_time=begun, tags=tags, run_name=tracked.name)
        return str(made.info.run_id)

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        place = None if self._artefacts is None else str(self._artefacts)
        return str(self._client.create_experiment(name, artifact_location=place))

    def _log_numbers(self, number: str, tracked: Tracked) -> None:
        from mlflow.entities import Metric, Param  # noqa: PLC0415 - see _client

        # One moment for all: a metric that is sent again is known by it.
        moment = _milliseconds(tracked.ended)
        metrics = [Metric(name, value, moment, 0) for name, value in tracked.metrics.items()]
        for name, curve in tracked.curves.items():
            metrics += [Metric(name, value, moment, step) for step, value in curve]
        params = [Param(name, str(value)) for name, value in tracked.settings.items()]
        self._client.log_batch(number, metrics=metrics, params=params)


def _client(uri: str) -> "MlflowClient":
    """MLflow, asked once whether it is there.

    Raises:
        Exception: whatever it and what it is built on raise where it is not.
    """
    for name, value in SURROUNDINGS.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds, and reads the environment

    for chatty in ("mlflow", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    client = MlflowClient(uri)
    _probe(client)
    return client


def _probe(client: "MlflowClient") -> None:
    """Raise whatever MLflow raises where it is not there."""
    client.search_experiments(max_results=1)


def _reason(error: Exception, uri: str) -> str:
    """The first line of what went wrong; MLflow may quote its address, and that may hold a password."""
    return str(error).replace(uri, "MLFLOW_TRACKING_URI").strip().partition("\n")[0]


def _is_server(uri: str) -> bool:
    """Whether an address is a server's that keeps the files of runs itself."""
    return uri.startswith(("http://", "https://", "databricks"))


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Whether this process is the only one that delivers from the outbox in a folder, until the block ends."""
    if not folder.exists():
        yield False
        return
    lock = FileLock(folder.with_name(f"{folder.name}.lock"), blocking=False)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
