"""Compare: train the models that are not there yet, judge all of them, write the report."""

from collections.abc import Sequence
from pathlib import Path

from scripts.cli.options import token_or_setting
from scripts.lab.comparison import report, tables
from scripts.lab.comparison.contenders import Contender, Protocol
from scripts.lab.comparison.images import Library
from scripts.lab.comparison.models import Place, compare
from scripts.lab.comparison.options import ComparisonOptions
from scripts.lab.comparison.outcome import ModelNotRun
from scripts.lab.comparison.page import page
from scripts.lab.comparison.results import JudgedModels
from scripts.lab.comparison.verdict import ranked, verdict
from scripts.lab.files import write
from scripts.lab.interrupts import until_interrupted
from scripts.lab.sources import find
from scripts.lab.wording import shown

NOTHING_RUN = 1


def compare_models(options: ComparisonOptions) -> int:
    """Compare; finished models are kept.

    Returns:
        0, 1 where no model could be run, 130 after Ctrl-C.

    Raises:
        ComparisonError: the data or an option don't allow it.
        DataError: there are no such data.
    """
    return until_interrupted(lambda: _run(options))


def _run(options: ComparisonOptions) -> int:
    protocol = Protocol(
        epochs=options.epochs,
        augment=options.augment,
        resample=options.resample,
        resolution=options.resolution,
        seed=options.seed,
        weights=options.weights,
    )
    found = find(options.data, token_or_setting(options.token), options.cache / "downloads")
    library = Library(found, options.images, options.seed, options.cache)
    contenders = [Contender(model, protocol) for model in options.models]
    made, missing = compare(contenders, library, Place.below(options.out))
    _say_missing(missing)
    if not made:
        return NOTHING_RUN
    judged = JudgedModels.of(made, missing, protocol)
    publish(judged, options.out)
    models = ranked(judged.models)
    for table in (tables.accuracies(models), tables.losses(models), tables.costs(models)):
        print()
        table.show()
    print(f"\n{verdict(judged.models)}\n\nSee {shown(options.out / 'comparison.html')}")
    return 0


def publish(judged: JudgedModels, folder: Path) -> None:
    """Write the report's files."""
    contents = {
        "comparison.json": report.as_json(judged),
        "comparison.csv": report.as_csv(judged),
        "curves.csv": report.curves_csv(judged),
        "comparison.html": page(judged),
    }
    for name, content in contents.items():
        write(folder / name, content)


def _say_missing(missing: Sequence[ModelNotRun]) -> None:
    for each in missing:
        print(f"Not run: {each.model}. {each.reason}", flush=True)
