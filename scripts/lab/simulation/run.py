"""Simulate: prepare the data, make the runs that are not there yet, write the report."""

from collections.abc import Sequence

import numpy as np

from scripts.cli.options import token_or_setting
from scripts.lab.files import write
from scripts.lab.interrupts import until_interrupted
from scripts.lab.simulation import peers, records, report, tables, workers
from scripts.lab.simulation.errors import SimulationError
from scripts.lab.simulation.labelled import LabelledData, load
from scripts.lab.simulation.options import SimulationOptions
from scripts.lab.simulation.page import page, verdict
from scripts.lab.simulation.records import PlannedRun, RunRecord
from scripts.lab.simulation.replay import RunOptions
from scripts.lab.simulation.sources import prepare
from scripts.lab.simulation.splits import SplitOptions, rows
from scripts.lab.simulation.summary import summarise
from scripts.lab.wording import shown


def simulate(options: SimulationOptions) -> int:
    """Simulate; finished runs are kept.

    Args:
        options: spelled out, see `SimulationOptions.resolved`.

    Returns:
        0, or 130 after Ctrl-C.

    Raises:
        SimulationError: the data or an option don't allow it.
    """
    return until_interrupted(lambda: _run(options))


def _run(options: SimulationOptions) -> int:
    if any(peers.is_peer(name) for name in options.strategies):
        peers.check_installed()
    prepared = prepare(options.data, token_or_setting(options.token), options.origin, options.cache)
    data = load(prepared.folder)
    plan = planned(options, data)
    made = [record for each in plan if (record := records.find(options.out / "runs", each)) is not None]
    missing = [each for each in plan if records.find(options.out / "runs", each) is None]
    _say(made, plan)
    if missing:
        made += workers.run(prepared.folder, options.out / "runs", missing, options.jobs)
    _write(options, data, prepared.backbone, _ordered(made, plan))
    return 0


def planned(options: SimulationOptions, data: LabelledData) -> list[PlannedRun]:
    """All runs, those of a split and seed together, since they share what is computed for it.

    Raises:
        SimulationError: the data can't be split so, or the budget is larger than a split's pool.
    """
    split = SplitOptions(options.test, options.pool)
    for number in options.splits:
        pool, _ = rows(data, number, split)
        if options.budget > len(pool):
            raise SimulationError(f"--budget {options.budget} is more than the {len(pool)} images to label.")
    return [
        PlannedRun(data.fingerprint, split, _run_options(options, strategy, number, seed))
        for number in options.splits
        for seed in options.seeds
        for strategy in options.strategies
    ]


def _run_options(options: SimulationOptions, strategy: str, split: int, seed: int) -> RunOptions:
    return RunOptions(
        strategy=strategy,
        split=split,
        seed=seed,
        batch=options.batch,
        budget=options.budget,
        random_arm=0.0 if peers.is_peer(strategy) else options.random_arm,
        evaluate_every=options.evaluate_every or options.batch,
        stop_at=max(options.targets) if options.stop_at_targets else None,
        foreign=None if peers.is_peer(strategy) else options.foreign,
    )


def _say(made: Sequence[RunRecord], plan: Sequence[PlannedRun]) -> None:
    if made:
        print(f"{len(made)} of {len(plan)} runs are finished already.", flush=True)
    older = [record for record in made if record.code != records.code_digest()]
    if older:
        print(f"{len(older)} of them by other code: delete them below runs/ to make them again.", flush=True)


def _ordered(made: Sequence[RunRecord], plan: Sequence[PlannedRun]) -> list[RunRecord]:
    places = {each.options: place for place, each in enumerate(plan)}
    return sorted(made, key=lambda record: places[record.options])


def _write(options: SimulationOptions, data: LabelledData, backbone: str | None, made: Sequence[RunRecord]) -> None:
    summaries = summarise(made, options.strategies, options.targets)
    about = report.about(options, data, backbone)
    classes = len(np.unique(data.targets))
    contents = {
        "simulation.json": report.as_json(made, options.targets, about),
        "simulation.csv": report.as_csv(made),
        "simulation.html": page(summaries, options.targets, about, classes),
    }
    for name, content in contents.items():
        write(options.out / name, content)
    for table in (tables.labels(summaries, options.targets), tables.ends(summaries)):
        print()
        table.show()
    print(f"\n{verdict(summaries, options.targets)}\n\nSee {shown(options.out / 'simulation.html')}")
