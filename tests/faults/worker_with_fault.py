"""A worker that dies, or stands still, at one place of the line: `python -m tests.faults.worker_with_fault`.

The product has no hook for this: the functions at these places are wrapped before the worker forks. In FAULT_FOLDER

    armed     holds a place and an action: the fault happens when the worker comes there, once
    reached   tells that it did
    go        lets a worker that stands still go on

The actions: `kill` ends work-horse and parent, as the kernel's out-of-memory killer would, `kill the work-horse` the
former alone; `stand` waits.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from backend import worker
from backend.label_studio.client import LabelStudio
from backend.loop import embed, evaluate, rank, train
from backend.loop.publisher import Publisher
from backend.store import versions
from backend.store.mirror import Mirror
from model import files

KILL, KILL_HORSE, STAND = "kill", "kill the work-horse", "stand"
BEFORE, AFTER = "before", "after"

PLACES: dict[str, tuple[Any, str, str]] = {
    # Tasks and annotations are in the mirror, how far it pulled is not.
    "sync": (Mirror, "set_pulled", BEFORE),
    # Features are stored, that these tasks have them is not.
    "embed": (Mirror, "record_images", BEFORE),
    "before embed": (embed.EmbedStage, "run", BEFORE),
    "train": (train, "run", AFTER),
    "evaluate": (evaluate, "run", AFTER),
    "rank": (rank, "run", AFTER),
    # Some of the version's files are there, none is flushed.
    "version half written": (files, "flush", BEFORE),
    "head published": (Publisher, "publish", AFTER),
    # Label Studio shows the version, our record does not say so.
    "version switched": (LabelStudio, "set_model_version", AFTER),
    # The version is published; its served head is made, and lost.
    "second stage": (versions.VersionStore, "add_second_stage", BEFORE),
    "slice refreshed": (LabelStudio, "change_prediction", AFTER),
    # Label Studio holds an annotation, or holds it no more, that the mirror knows nothing of.
    "annotated": (LabelStudio, "annotate", AFTER),
    "taken back": (LabelStudio, "delete_annotation", AFTER),
}


def main() -> int:
    """Put a possible fault into each place and work as ever."""
    folder = Path(os.environ["FAULT_FOLDER"])
    for place, (holder, name, when) in PLACES.items():
        setattr(holder, name, with_fault(getattr(holder, name), when, partial(happen, folder, place)))
    return worker.main()


def with_fault(function: Callable[..., Any], when: str, fault: Callable[[], None]) -> Callable[..., Any]:
    """The function with the fault before or after it."""

    def wrapped(*arguments: Any, **named: Any) -> Any:
        if when == BEFORE:
            fault()
        answer = function(*arguments, **named)
        if when == AFTER:
            fault()
        return answer

    return wrapped


def happen(folder: Path, place: str) -> None:
    """Do what the folder says is to be done at this place, if anything."""
    armed = folder / "armed"
    if not armed.exists() or armed.read_text() not in [f"{place} {action}" for action in (KILL, KILL_HORSE, STAND)]:
        return
    action = armed.read_text().removeprefix(f"{place} ")
    armed.unlink()
    (folder / "reached").touch()
    if action == KILL:
        os.kill(os.getppid(), signal.SIGKILL)
    if action in (KILL, KILL_HORSE):
        os.kill(os.getpid(), signal.SIGKILL)
    while not (folder / "go").exists():
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
