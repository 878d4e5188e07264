"""`./scripts/reproduce`: run the rows that are not there yet, print the table."""

from collections.abc import Sequence

from scripts.lab.commands import ended
from scripts.lab.datasets import DataError
from scripts.lab.files import write
from scripts.lab.reproduction import report, tables
from scripts.lab.reproduction.data import MARKS, given
from scripts.lab.reproduction.options import Options, parse
from scripts.lab.reproduction.published import ROWS
from scripts.lab.reproduction.rows import Bench
from scripts.lab.wording import shown

REDUCED = (
    "Reduced: few images and few epochs, so that a CPU gets through. Such figures are no reproduction; only the rows "
    "marked whole can be compared with what was published."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Reproduce; returns 0, 2 where the data can't be used, 130 after Ctrl-C."""
    options = parse(arguments)
    return ended(lambda: _run(options), (DataError,))


def _run(options: Options) -> int:
    bench = Bench(options.reduced, given(options.data), options.cache, options.out)
    if options.reduced:
        print(f"{REDUCED}\n", flush=True)
    results = []
    for number, row in enumerate(ROWS, 1):
        print(f"{number} of {len(ROWS)}: {row.model} on {MARKS[row.data].title}", flush=True)
        results.append(bench.run(row))
    file = options.out / "reproduction.json"
    write(file, report.as_json(results, options.reduced))
    print()
    tables.table(results).show()
    print()
    for text in (tables.reasons(results), REDUCED if options.reduced else "", f"See {shown(file)}"):
        if text:
            print(f"{text}\n")
    return 0
