"""Which device a training worker trains on: at most one worker to a GPU, and one to a machine without."""

import fcntl
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.errors import OperatorError

CPU = "cpu"


def devices(device: str, visible: str = "", drivers: Path = Path("/dev")) -> list[str]:
    """What this machine can train on: `cuda:<number>` for each GPU, or `cpu`.

    Asked of the driver's files: CUDA may not be touched before a fork.

    Args:
        device: the setting DEVICE: `auto`, `cpu` or `cuda`.
        visible: the setting CUDA_VISIBLE_DEVICES, numbers with commas; empty for all.
        drivers: folder of the devices' files.
    """
    found = [path for path in drivers.glob("nvidia*") if re.fullmatch(r"nvidia\d+", path.name)]
    numbers = [number.strip() for number in visible.split(",") if number.strip()] or [str(n) for n in range(len(found))]
    gpus = [f"cuda:{number}" for number in numbers if found]
    if device == "cuda":
        return gpus
    return [CPU] if device == CPU else gpus or [CPU]


@contextmanager
def claimed(device: str, visible: str) -> Iterator[str]:
    """A device that no other process has while the block runs; a GPU is then the only one that this process sees.

    Args:
        device: as for `devices`.
        visible: as for `devices`.

    Raises:
        OperatorError: each device has its training worker, or there is none.
    """
    names = devices(device, visible)
    for name in names:
        lock = Path(tempfile.gettempdir()) / f"label-loop-{os.getuid()}-{name.replace(':', '-')}.lock"
        # Not filelock's: the work-horse inherits this one, and one whose worker was killed keeps its GPU to itself.
        with lock.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            if name != CPU:
                os.putenv("CUDA_VISIBLE_DEVICES", name.partition(":")[2])
            yield name
            return
    found = ", ".join(names) or "no GPU is here"
    raise OperatorError(f"There is nothing left to train on ({found}): each device has one training worker at most.")
