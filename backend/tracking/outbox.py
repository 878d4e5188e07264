"""What is to be tracked, kept on disk until MLflow has it: no job waits for MLflow, and none fails with it.

    <folder>/<item>/run.json       what is known of a fit, a fine-tune or a trial
    <folder>/<item>/artefacts/     its files

An item's name begins with the time and is unique for ever: MLflow's run carries it, so that none is sent twice.

A job notes a training when its folder has its name, and the web process sees to the delivery:

    services.outbox.note(
        Tracked(
            experiment=title,
            name=version,
            kind="fine-tune",
            started=started,
            ended=datetime.now(UTC),
            settings=asdict(options),
            curves={"validation_loss": [(epoch.number, epoch.validation_loss) for epoch in trained.history]},
            artefacts=[folder],
        )
    )

A command that is no job has an outbox in a folder of its own, and calls `delivery.deliver` at its end.
"""

import json
import os
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from backend import logs
from backend.project import Project
from model.files import whole_folder

LIMIT = 1_000
"""Items that wait at most; then the oldest are dropped."""

RECORD, ARTEFACTS = "run.json", "artefacts"
ABANDONED_SECONDS = 3600.0

Scalar = str | int | float | bool | None

log = logs.get()


@dataclass(frozen=True)
class Tracked:
    """A fit, a fine-tune or a trial as it is to stand in MLflow.

    Attributes:
        experiment: that MLflow lists it under, such as the project's title.
        name: of the run: the version's, the job's or the trial's.
        started, ended: with their time zones.
        settings: what it was made with.
        metrics: what it came to; NaN is allowed.
        curves: by name, (step, value) of each epoch.
        confusion: how often (label, predicted) was met, to be drawn as a matrix.
        tags: what else to look for: version, project, backbone, …
        artefacts: files or folders. They are linked, not copied, so nobody may write into them later; to replace or
            remove them is fine. Those that are gone already are left out.
        end: `FINISHED`, `FAILED`, or `KILLED` where it was cancelled or pruned.
    """

    experiment: str
    name: str
    kind: Literal["head", "fine-tune", "trial"]
    started: datetime
    ended: datetime
    settings: Mapping[str, Scalar] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, Sequence[tuple[int, float]]] = field(default_factory=dict)
    confusion: Mapping[tuple[str, str], int] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    artefacts: Sequence[Path] = ()
    end: Literal["FINISHED", "FAILED", "KILLED"] = "FINISHED"


def experiment(project: Project, title: str) -> str:
    """What MLflow lists a project's runs under."""
    return f"{title or 'Project'} ({project.key})"


class Outbox:
    """Items that wait for their delivery. Any number of processes may put some in, one at a time delivers them.

    Attributes:
        folder: of the items.
        enabled: whether anything is tracked.
    """

    def __init__(self, folder: Path, *, enabled: bool = True, limit: int = LIMIT) -> None:
        """An outbox in a folder that is made when it is needed.

        Args:
            folder: for the items.
            enabled: False keeps nothing.
            limit: items kept at most.
        """
        self.folder = folder
        self.enabled = enabled
        self._limit = limit

    def note(self, tracked: Tracked) -> None:
        """Keep something for MLflow, whole or not at all. Costs milliseconds and never raises: what fails is logged."""
        if not self.enabled:
            return
        try:
            self._put(tracked)
            self._drop_oldest()
        except Exception as error:
            log.warning("not tracked", name=tracked.name, reason=repr(error))

    def waiting(self) -> list[str]:
        """Names of the items, oldest first; none where the folder can't be read."""
        try:
            return sorted(name for name in os.listdir(self.folder) if not name.startswith("."))  # noqa: PTH208 - names
        except OSError:
            return []

    def waited(self) -> float:
        """Seconds that the oldest item has waited; 0 where there is none."""
        try:
            return time.time() - (self.folder / self.waiting()[0]).stat().st_mtime
        except (IndexError, OSError):
            return 0.0

    def read(self, item: str) -> Tracked:
        """An item; its artefacts are files and folders of the outbox.

        Raises:
            ValueError: it is not what `note` wrote.
        """
        folder = self.folder / item
        try:
            record = json.loads((folder / RECORD).read_text())
            return replace(_from_json(record), artefacts=sorted((folder / ARTEFACTS).glob("*")))
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ValueError(f"The tracked item {folder} can't be read ({error!r}).") from error

    def remove(self, item: str) -> None:
        """Remove an item, at once: one that is removed halfway is no item any more."""
        hidden = self.folder / f".{item}.removed"
        try:
            (self.folder / item).rename(hidden)
        except FileNotFoundError:
            return
        shutil.rmtree(hidden, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what killed processes left: half an item, or half removed."""
        for path in self.folder.glob(".*"):
            # One that is being written may get its name just now.
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
                    shutil.rmtree(path, ignore_errors=True)

    def _put(self, tracked: Tracked) -> None:
        item = f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{secrets.token_hex(4)}"
        # What a power cut halves is dropped at the delivery: that is cheaper than to have each run wait for the disk.
        with whole_folder(self.folder / item, flushed=False) as folder:
            (folder / ARTEFACTS).mkdir()
            for path in tracked.artefacts:
                if path.exists():
                    _link(path, folder / ARTEFACTS / path.name)
            (folder / RECORD).write_text(json.dumps(_to_json(tracked), ensure_ascii=False, default=str))

    def _drop_oldest(self) -> None:
        for item in self.waiting()[: -self._limit]:
            log.warning("The outbox is full: an item is dropped untracked. Is MLflow reachable?", item=item)
            self.remove(item)


def _link(source: Path, target: Path) -> None:
    """Link a file or a folder's files; copy them where the disk knows no links, or is another one."""
    if source.is_dir():
        shutil.copytree(source, target, copy_function=_link_file)
    else:
        _link_file(source, target)


def _link_file(source: str | Path, target: str | Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)


def _to_json(tracked: Tracked) -> dict[str, Any]:
    return {
        "experiment": tracked.experiment,
        "name": tracked.name,
        "kind": tracked.kind,
        "started": tracked.started.isoformat(),
        "ended": tracked.ended.isoformat(),
        "settings": dict(tracked.settings),
        "metrics": {name: float(value) for name, value in tracked.metrics.items()},
        "curves": {
            name: [[int(step), float(value)] for step, value in curve] for name, curve in tracked.curves.items()
        },
        "confusion": [[label, predicted, times] for (label, predicted), times in tracked.confusion.items()],
        "tags": dict(tracked.tags),
        "end": tracked.end,
    }


def _from_json(record: Mapping[str, Any]) -> Tracked:
    moments = {name: datetime.fromisoformat(record[name]) for name in ("started", "ended")}
    curves = {name: [(step, value) for step, value in curve] for name, curve in record["curves"].items()}
    confusion = {(label, predicted): times for label, predicted, times in record["confusion"]}
    return Tracked(**{**record, **moments, "curves": curves, "confusion": confusion})
