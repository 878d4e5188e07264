"""A worker that dies, or stands still, at one place of the line: `python -m tests.faults.worker_with_fault`.

The product has no hook for this: the function at that place is replaced before the worker forks.

    FAULT_STAGE   a name in `PLACES`
    FAULT_FOLDER  `armed` in it makes the fault happen, `reached` tells that it does; a standing worker waits for `go`
    FAULT_ACTION  kill: work-horse and parent, as the kernel's out-of-memory killer would; or stand
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from backend import worker
from backend.jobs import embed, evaluate, rank, sync, train
from backend.labelstudio.client import LabelStudio
from backend.store import versions
from backend.store.mirror import Mirror

KILL, STAND = "kill", "stand"
BEFORE, AFTER = "before", "after"

PLACES: dict[str, tuple[Any, str, str]] = {
    # Tasks and annotations are in the mirror, how far it pulled is not.
    "sync": (Mirror, "set_pulled", BEFORE),
    "synced": (sync, "run", AFTER),
    # Features are stored, that these tasks have them is not.
    "embed": (Mirror, "record_images", BEFORE),
    "before embed": (embed, "run", BEFORE),
    "train": (train, "run", AFTER),
    "evaluate": (evaluate, "run", AFTER),
    "rank": (rank, "run", AFTER),
    # Some of the version's files are there, none is flushed.
    "version half written": (versions, "_flush", BEFORE),
    "head published": (LabelStudio, "import_predictions", AFTER),
    # Label Studio shows the version, our record does not say so.
    "version switched": (LabelStudio, "set_model_version", AFTER),
    "slice refreshed": (LabelStudio, "delete_predictions", AFTER),
}


def main() -> int:
    """Put the fault in its place and work as ever."""
    holder, name, when = PLACES[os.environ["FAULT_STAGE"]]
    fault = Fault(Path(os.environ["FAULT_FOLDER"]), os.environ["FAULT_ACTION"])
    setattr(holder, name, fault.around(getattr(holder, name), when))
    return worker.main()


class Fault:
    """What happens at the place once the fault is armed."""

    def __init__(self, folder: Path, action: str) -> None:
        self._folder = folder
        self._action = action

    def around(self, function: Callable[..., Any], when: str) -> Callable[..., Any]:
        """The function with the fault before or after it."""

        def with_fault(*arguments: Any, **named: Any) -> Any:
            if when == BEFORE:
                self._happen()
            answer = function(*arguments, **named)
            if when == AFTER:
                self._happen()
            return answer

        return with_fault

    def _happen(self) -> None:
        if not (self._folder / "armed").exists():
            return
        (self._folder / "armed").unlink()
        (self._folder / "reached").touch()
        if self._action == KILL:
            os.kill(os.getppid(), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)
        while not (self._folder / "go").exists():
            time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
