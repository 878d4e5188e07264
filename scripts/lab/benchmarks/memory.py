"""Memory of processes, from Linux's own books."""

from dataclasses import dataclass
from pathlib import Path

from scripts.lab.benchmarks.errors import BenchmarkError

MB = 1_000_000.0


@dataclass(frozen=True)
class Memory:
    """Memory of one process, in MB of a million bytes.

    Attributes:
        now: resident now.
        peak: most that was ever resident. Not `ru_maxrss`, which a child inherits from whoever forked it.
        own: resident now, pages shared with other processes divided among them.
    """

    now: float
    peak: float
    own: float


def of_process(pid: int | str = "self") -> Memory:
    """Memory of a running process.

    Raises:
        BenchmarkError: there is no such process, or this is no Linux.
    """
    folder = Path("/proc") / str(pid)
    try:
        status, rollup = _fields(folder / "status"), _fields(folder / "smaps_rollup")
    except OSError as problem:
        raise BenchmarkError(f"The memory of process {pid} cannot be read ({problem}). Measure on Linux.") from problem
    return Memory(now=status["VmRSS"], peak=status["VmHWM"], own=rollup["Pss"])


def family(pid: int) -> list[int]:
    """The process and all that it forked, directly or not."""
    children = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in _words(task / "children")]
    return [pid, *(member for child in children for member in family(child))]


def _fields(path: Path) -> dict[str, float]:
    lines = (line.split() for line in path.read_text().splitlines())
    return {words[0].rstrip(":"): int(words[1]) * 1024 / MB for words in lines if words[-1] == "kB"}


def _words(path: Path) -> list[str]:
    return path.read_text().split()
