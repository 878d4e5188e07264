"""What waits comes to stand in MLflow, each item once, whatever is killed or away meanwhile. On a real SQLite store."""

import importlib
import multiprocessing
import os
import signal
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

from backend import tracker as deliver_process
from backend.settings import load
from backend.tracking import delivery
from backend.tracking.delivery import Sender, deliver
from backend.tracking.outbox import Outbox, Tracked
from tests.support.logs import logged_here
from tests.unit.backend.tracking.tracked import ENDED, tracked

if TYPE_CHECKING:
    from mlflow import MlflowClient

Note = Callable[..., None]

STEPS = ["_log_numbers", "log_artifact", "log_artifacts", "set_terminated", "remove"]
"""Where a delivery is killed: right before each of these."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A MODEL_DIR that the module's tests share: MLflow takes a second to make its database."""
    return tmp_path_factory.mktemp("model")


@pytest.fixture(scope="module")
def uri(home: Path) -> str:
    return f"sqlite:///{home / 'mlflow.sqlite3'}"


@pytest.fixture(scope="module")
def client(uri: str) -> "MlflowClient":
    return delivery._client(uri)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox")


@pytest.fixture
def experiment(request: pytest.FixtureRequest) -> str:
    """An experiment of the test's own."""
    return str(request.node.name)


@pytest.fixture
def note(outbox: Outbox, experiment: str, tmp_path: Path) -> Note:
    """`note(**changes)` puts something into the outbox."""

    def noted(**changes: Any) -> None:
        outbox.note(tracked(tmp_path / "files", **{"experiment": experiment, **changes}))

    return noted


@pytest.fixture
def runs(client: "MlflowClient", experiment: str) -> Callable[[], list[Any]]:
    """The experiment's runs, the first first."""

    def found() -> list[Any]:
        number = client.get_experiment_by_name(experiment).experiment_id
        return list(client.search_runs([number], order_by=["attributes.start_time ASC"]))

    return found


def test_all_that_is_tracked_stands_in_mlflow(
    outbox: Outbox, note: Note, uri: str, home: Path, client: "MlflowClient", runs: Callable[[], list[Any]]
) -> None:
    note()
    assert deliver(outbox, uri, home / "artefacts") == 1
    [run] = runs()
    ended = int(ENDED.timestamp() * 1000)
    assert (run.info.run_name, run.info.status) == ("v1", "FINISHED")
    assert (run.info.start_time, run.info.end_time) == (ended - 1000, ended)
    assert run.data.params == {"seed": "0", "strategy": "auto", "share": "0.1", "resolution": "None"}
    assert run.data.metrics == {"accuracy": 0.5, "loss": 1.5}
    assert [(each.step, each.value) for each in client.get_metric_history(run.info.run_id, "loss")] == [
        (1, 2.0),
        (2, 1.5),
    ]
    assert (run.data.tags["version"], run.data.tags["label_loop.kind"]) == ("v1", "head")
    files = sorted(file.path for file in client.list_artifacts(run.info.run_id))
    assert files == ["confusion.png", "head.safetensors", "network"]
    assert Path(run.info.artifact_uri).is_relative_to(home / "artefacts")
    assert Path(run.info.artifact_uri, "network", "network.json").read_text() == "{}"


def test_what_was_delivered_waits_no_more(outbox: Outbox, note: Note, uri: str, home: Path) -> None:
    note()
    deliver(outbox, uri, home / "artefacts")
    assert outbox.waiting() == []
    assert deliver(outbox, uri, home / "artefacts") == 0


def test_curves_and_settings_beyond_what_a_request_takes_are_sent_whole(
    outbox: Outbox, note: Note, uri: str, home: Path, client: "MlflowClient", runs: Callable[[], list[Any]]
) -> None:
    note(settings={f"s{n}": n for n in range(101)}, curves={"loss": [(n, float(n)) for n in range(1001)]})
    deliver(outbox, uri, home / "artefacts")
    [run] = runs()
    assert len(run.data.params) == 101
    assert len(client.get_metric_history(run.info.run_id, "loss")) == 1001


def test_a_loss_that_is_no_number_and_a_trial_that_was_pruned_are_tracked(
    outbox: Outbox, note: Note, uri: str, home: Path, runs: Callable[[], list[Any]]
) -> None:
    note(metrics={"loss": float("nan")}, curves={}, end="KILLED")
    deliver(outbox, uri, home / "artefacts")
    [run] = runs()
    assert run.info.status == "KILLED"
    assert run.data.metrics["loss"] != run.data.metrics["loss"]


def test_half_an_item_is_dropped_with_a_warning_and_keeps_no_other(
    outbox: Outbox, note: Note, uri: str, home: Path, runs: Callable[[], list[Any]]
) -> None:
    note(name="half")
    (outbox.folder / outbox.waiting()[0] / "run.json").write_text("")
    note(name="whole")
    with logged_here() as logged:
        assert deliver(outbox, uri, home / "artefacts") == 1
    assert [run.info.run_name for run in runs()] == ["whole"]
    assert [line["event"] for line in logged] == ["dropped untracked"]
    assert outbox.waiting() == []


def test_a_run_that_mlflow_refuses_is_dropped_with_a_warning_and_keeps_no_other(
    outbox: Outbox, note: Note, uri: str, home: Path, client: "MlflowClient", runs: Callable[[], list[Any]]
) -> None:
    client.delete_experiment(client.create_experiment("deleted by somebody"))
    note(experiment="deleted by somebody")
    note()
    with logged_here() as logged:
        assert deliver(outbox, uri, home / "artefacts") == 1
    assert [line["event"] for line in logged] == ["MLflow refuses a run; it is dropped"]
    assert (len(runs()), outbox.waiting()) == (1, [])


def test_an_item_that_fails_otherwise_waits_and_keeps_no_other(
    outbox: Outbox, note: Note, uri: str, home: Path, monkeypatch: pytest.MonkeyPatch, runs: Callable[[], list[Any]]
) -> None:
    note(name="bad")
    note(name="good")
    log_numbers = Sender._log_numbers

    def fail_on_bad(self: Sender, number: str, thing: Tracked) -> None:
        if thing.name == "bad":
            raise OSError("the disk is full")
        log_numbers(self, number, thing)

    with monkeypatch.context() as patch:
        patch.setattr(Sender, "_log_numbers", fail_on_bad)
        assert deliver(outbox, uri, home / "artefacts") == 1
    assert [outbox.read(item).name for item in outbox.waiting()] == ["bad"]
    assert deliver(outbox, uri, home / "artefacts") == 1
    assert sorted(run.info.run_name for run in runs()) == ["bad", "good"]


def test_while_another_process_delivers_this_one_does_not(outbox: Outbox, note: Note, uri: str, home: Path) -> None:
    note()
    with FileLock(outbox.folder.parent / "outbox.lock"):
        assert deliver(outbox, uri, home / "artefacts") == 0
    assert len(outbox.waiting()) == 1


def test_mlflow_is_told_to_report_nothing(client: "MlflowClient") -> None:
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Takes connections, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://user:secret@127.0.0.1:{server.getsockname()[1]}"


def test_where_mlflow_does_not_answer_everything_waits_and_nothing_fails(
    outbox: Outbox, note: Note, silent_server: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    note()
    with logged_here() as logged:
        assert deliver(outbox, silent_server, home / "artefacts") == 0
    assert len(outbox.waiting()) == 1
    assert [line["event"] for line in logged] == ["MLflow takes no runs; they wait"]
    assert "secret" not in str(logged)


def test_a_database_that_is_none_costs_nothing_but_the_tracking(outbox: Outbox, note: Note, tmp_path: Path) -> None:
    (tmp_path / "x.sqlite3").write_text("not a database, whatever its name")
    note()
    assert deliver(outbox, f"sqlite:///{tmp_path}/x.sqlite3", tmp_path / "artefacts") == 0
    assert len(outbox.waiting()) == 1


# A delivery is killed in a fork of this process, which has MLflow loaded already. SQLite doesn't survive a fork with a
# connection open: this process never asks the database of these tests through MLflow.


@pytest.fixture(scope="module")
def killed_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    importlib.import_module("mlflow.store.tracking.sqlalchemy_store")
    return tmp_path_factory.mktemp("killed")


def in_a_fork(work: Callable[[], object]) -> int:
    """Exit status of a process that works, negative for a signal."""
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def stored(home: Path, experiment: str) -> tuple[list[tuple[str, str]], int]:
    """Name and status of each run of an experiment, and how many metrics they have together."""
    of_it = "FROM runs JOIN experiments USING (experiment_id)"
    with closing(sqlite3.connect(home / "mlflow.sqlite3")) as connection:
        runs = connection.execute(f"SELECT runs.name, status {of_it} WHERE experiments.name = ?", [experiment])
        metrics = "SELECT count(*) FROM metrics WHERE run_uuid IN"
        [count] = connection.execute(
            f"{metrics} (SELECT run_uuid {of_it} WHERE experiments.name = ?)", [experiment]
        ).fetchone()
        return runs.fetchall(), count


@pytest.mark.parametrize("step", STEPS)
def test_a_delivery_that_is_killed_is_finished_by_the_next(
    step: str, killed_home: Path, experiment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_DIR", str(killed_home))
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    # With the least urgency a busy machine would keep the test waiting.
    monkeypatch.setattr(os, "nice", lambda increment: 0)
    load.cache_clear()
    outbox = Outbox(killed_home / "tracking" / "outbox")
    outbox.note(tracked(tmp_path, experiment=experiment))

    def be_killed() -> None:
        mlflow = importlib.import_module("mlflow")
        owner = next(each for each in (Sender, mlflow.MlflowClient, Outbox) if hasattr(each, step))
        setattr(owner, step, die)
        deliver_process.main()

    assert in_a_fork(be_killed) == -signal.SIGKILL
    begun, _ = stored(killed_home, experiment)
    assert [name for name, _ in begun] == ["v1"]
    assert in_a_fork(lambda: os._exit(deliver_process.main())) == 0
    load.cache_clear()
    assert stored(killed_home, experiment) == ([("v1", "FINISHED")], 3)
    assert outbox.waiting() == []


@pytest.mark.fault("S13")
def test_runs_that_began_long_ago_are_removed_with_their_files(
    outbox: Outbox, note: Note, uri: str, home: Path, client: "MlflowClient", runs: Callable[[], list[Any]]
) -> None:
    note(started=datetime.now(UTC), ended=datetime.now(UTC))
    note(started=datetime.now(UTC) - timedelta(days=31))
    artefacts = home / "mlflow-artifacts"
    deliver(outbox, uri, artefacts)
    old, new = sorted(runs(), key=lambda run: int(run.info.start_time))
    assert delivery.forget_old(uri, artefacts, timedelta(days=30)) >= 1
    assert [run.info.run_id for run in runs()] == [new.info.run_id]
    assert [(artefacts / run.info.run_id).exists() for run in (old, new)] == [False, True]
    assert client.get_run(old.info.run_id).info.lifecycle_stage == "deleted"


def test_a_server_that_somebody_else_keeps_is_left_alone() -> None:
    assert delivery.forget_old("http://127.0.0.1:1", Path("nowhere"), timedelta()) == 0
