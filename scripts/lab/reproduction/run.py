"""Reproduce: run the rows that are not there yet, print the table."""

from scripts.lab.files import write
from scripts.lab.interrupts import until_interrupted
from scripts.lab.reproduction import report, tables
from scripts.lab.reproduction.data import MARKS, given
from scripts.lab.reproduction.options import ReproductionOptions
from scripts.lab.reproduction.published import ROWS
from scripts.lab.reproduction.rows import RowBench
from scripts.lab.wording import shown

REDUCED = (
    "Reduced: few images and few epochs, so that a CPU gets through. Such figures are no reproduction; only the rows "
    "marked whole can be compared with what was published."
)


def reproduce(options: ReproductionOptions) -> int:
    """Reproduce; finished rows are kept.

    Returns:
        0, or 130 after Ctrl-C.

    Raises:
        DataError: the data can't be used.
    """
    return until_interrupted(lambda: _run(options))


def _run(options: ReproductionOptions) -> int:
    bench = RowBench(options.reduced, given(options.data), options.cache, options.out)
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
