"""Decode hostile images, and print a table of what became of them and what they cost."""

import argparse
import os
import resource
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from model.errors import ImageError, UndecidedError
from model.images.decode import check_bytes
from model.images.decoder import CrashError, Decoder, OutOfMemoryError
from model.images.limits import ImageLimits
from tests.support.hostile_images import HostileImage, bombs, mutated, of_refused_formats

SIDE = 224
TICKS = os.sysconf("SC_CLK_TCK")

ALLOWANCE = ImageLimits(seconds=0.5, megabytes=100)
"""What a process may have beyond an image's limits: the kernel's grain of time, and Python itself."""


@dataclass
class Line:
    """A line of the table.

    Attributes:
        over: how many had more than their limits.
        seconds: of a core, the most that one took.
        megabytes: the most that one took whose process went on.
    """

    images: int = 0
    decoded: int = 0
    refused: int = 0
    too_slow: int = 0
    too_large: int = 0
    crashed: int = 0
    over: int = 0
    seconds: float = 0.0
    megabytes: float = 0.0


def main() -> int:
    """Run it; 1 where an image had more than its limits, or crashed its process."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("--images", type=int, default=1_000, help="how many are made")
    parser.add_argument("--more", type=Path, help="a folder of further files, e.g. Tests/images of Pillow's repository")
    arguments = parser.parse_args()
    made = chain(bombs(), of_refused_formats(), (mutated(seed) for seed in range(arguments.images)))
    limits, lines = ImageLimits(), dict[str, Line]()
    process = Decoder(limits.megabytes)
    for image in chain(islice(made, arguments.images), files(arguments.more)):
        if not process.is_open:
            process = Decoder(limits.megabytes)
        kind = "formats that are not read" if image.kind.startswith("format ") else image.kind
        measure(process, image, limits, lines.setdefault(kind, Line()))
    process.close()
    sys.stdout.write("\n".join([*table(lines), ""]))
    return int(any(line.over or line.crashed for line in lines.values()))


def files(folder: Path | None) -> Iterator[HostileImage]:
    """All files of a folder."""
    for path in sorted(folder.rglob("*")) if folder is not None else ():
        if path.is_file():
            yield HostileImage("further files", path.read_bytes())


def measure(process: Decoder, image: HostileImage, limits: ImageLimits, line: Line) -> None:
    """Decode an image, and note in the line what became of it."""
    line.images += 1
    before, ended = seconds_of(process.pid), seconds_of_ended()
    try:
        check_bytes(image.content, limits)
        process.decode(image.content, SIDE, limits, float("inf"))
        line.decoded += 1
    except OutOfMemoryError:
        line.too_large += 1
    except (CrashError, UndecidedError) as error:
        sys.stderr.write(f"{image.kind}: {error}\n")
        line.crashed += 1
    except ImageError:
        line.too_slow += not process.is_open
        line.refused += process.is_open
    taken = (seconds_of(process.pid) if process.is_open else seconds_of_ended() - ended) - before
    memory = megabytes_of(process.pid) if process.is_open else 0.0
    line.seconds, line.megabytes = max(line.seconds, taken), max(line.megabytes, memory)
    line.over += taken > limits.seconds + ALLOWANCE.seconds or memory > limits.megabytes + ALLOWANCE.megabytes


def seconds_of(pid: int) -> float:
    """Of a core, that a process had until now."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def seconds_of_ended() -> float:
    """Of a core, that all processes had that we started and that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def megabytes_of(pid: int) -> float:
    """The most memory that a process had since it was asked last."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return int(status["VmHWM"].split()[0]) / 1024


def table(lines: dict[str, Line]) -> Iterator[str]:
    """As Markdown."""
    total = Line(
        **{field: sum(getattr(line, field) for line in lines.values()) for field in list(vars(Line()))[:7]},
        seconds=max(line.seconds for line in lines.values()),
        megabytes=max(line.megabytes for line in lines.values()),
    )
    yield "| images | number | decoded | refused | too slow | too large | crashed | s of a core | MB | over |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for kind, line in [*lines.items(), ("**all**", total)]:
        shown = [line.images, line.decoded, line.refused, line.too_slow, line.too_large, line.crashed]
        counts = " | ".join(f"{each:,}" for each in shown)
        yield f"| {kind} | {counts} | {line.seconds:.1f} | {line.megabytes:,.0f} | {line.over} |"


if __name__ == "__main__":
    sys.exit(main())
