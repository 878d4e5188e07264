"""Work in several processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts.lab import pool
from tests.support.waiting import until

CHECKOUT = Path(__file__).parents[4]
ORPHANS = """
from tests.unit.scripts.lab.test_pool import sleep_long
from scripts.lab import pool
if __name__ == "__main__":
    list(pool.run(sleep_long, [{folder!r}, {folder!r}], processes=2))
"""


def square(number: int) -> int:
    pool.tell(number)
    return number**2


def fail(number: int) -> int:
    raise ValueError(f"{number} is no good")


def die(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def until_stopped(file: Path) -> None:
    file.touch()
    while not pool.stopping():
        time.sleep(0.01)
    file.unlink()


def sleep_long(folder: str) -> None:
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(600)


def blocked_signals(_: int) -> int:
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("SigBlk")).split()[1], 16)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path(f"/proc/{pid}/stat").exists() or ") Z " not in Path(f"/proc/{pid}/stat").read_text()


def test_every_item_has_its_result_and_its_word_of_progress() -> None:
    told: list[int] = []
    found = dict(pool.run(square, [1, 2, 3, 4], processes=2, meanwhile=told.append))
    assert found == {0: 1, 1: 4, 2: 9, 3: 16}
    assert sum(told) == 10


def test_what_the_work_raises_ends_it() -> None:
    with pytest.raises(ValueError, match="is no good"):
        list(pool.run(fail, [1, 2], processes=2))


def test_a_process_that_is_killed_is_told() -> None:
    with pytest.raises(pool.WorkerDiedError):
        list(pool.run(die, [1], processes=1))


def test_processes_get_time_to_end_what_they_do(tmp_path: Path) -> None:
    file = tmp_path / "at work"

    def stop(_: int) -> None:
        if file.exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(pool.run(until_stopped, [file], processes=1, meanwhile=stop, patience=20.0))
    assert not file.exists()


def test_processes_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(ORPHANS.format(folder=str(tmp_path)))
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT)}
    parent = subprocess.Popen([sys.executable, str(script)], cwd=CHECKOUT, env=environment)
    try:
        until(lambda: len([each for each in tmp_path.iterdir() if each.name.isdigit()]) == 2, "two processes", 60.0)
    finally:
        parent.kill()
        parent.wait()
    orphans = [int(each.name) for each in tmp_path.iterdir() if each.name.isdigit()]
    until(lambda: not any(map(is_alive, orphans)), "the end of both", 10.0)


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="blocked signals are told by /proc alone")
def test_ctrl_c_is_blocked_in_every_process() -> None:
    blocked = [mask for _, mask in pool.run(blocked_signals, [1, 2], processes=2)]
    assert [mask >> (signal.SIGINT - 1) & 1 for mask in blocked] == [1, 1]
