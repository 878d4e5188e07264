"""Tune: make the trials that are missing, judge the best setting, write the report."""

from pathlib import Path

from optuna.study import Study

from model.errors import ModelError
from model.training.recipe import write_recipe
from scripts.cli.options import token_or_setting
from scripts.lab.comparison.images import Library
from scripts.lab.comparison.likeness import found_groups
from scripts.lab.files import write
from scripts.lab.interrupts import ctrl_c, until_interrupted
from scripts.lab.sources import find
from scripts.lab.tuning import report, workers
from scripts.lab.tuning.bench import Bench
from scripts.lab.tuning.errors import TuningError
from scripts.lab.tuning.judging import judge
from scripts.lab.tuning.options import TuningOptions
from scripts.lab.tuning.page import page
from scripts.lab.tuning.result import Search, best_trial, made, settings
from scripts.lab.tuning.space import Space
from scripts.lab.tuning.start import Start
from scripts.lab.tuning.storage import FAILURES, unusable
from scripts.lab.tuning.study import finished
from scripts.lab.tuning.tracking import track
from scripts.lab.tuning.workers import SearchJob
from scripts.lab.wording import shown

BEST = "best.json"
GO_ON = "Finished trials are kept: the same command goes on with what is missing."


def tune(options: TuningOptions) -> int:
    """Search; finished trials are kept.

    Returns:
        0, or 130 after Ctrl-C.

    Raises:
        TuningError: the network, an option or the storage doesn't allow it.
        ComparisonError: the images don't.
        DataError: there are no such data.
    """
    return until_interrupted(lambda: _run(options), GO_ON)


def _run(options: TuningOptions) -> int:
    try:
        job = _job(options)
    except ModelError as problem:
        raise TuningError(str(problem)) from problem
    try:
        study, bench = job.open()
        _say_what_is_there(study, options.trials)
        workers.run(job, study, bench, options.workers)
        _conclude(options, study, bench)
    except FAILURES as problem:
        raise unusable(job.storage, problem) from problem
    except ModelError as problem:
        raise TuningError(str(problem)) from problem
    return 0


def _job(options: TuningOptions) -> SearchJob:
    """What is to be searched; the network is looked at first, before anything is waited for."""
    start = Start.of(options.model, options.epochs, options.seed)
    found = find(options.data, token_or_setting(options.token), options.cache / "downloads")
    library = Library(found, options.images, options.seed, options.cache)
    options.out.mkdir(parents=True, exist_ok=True)
    return SearchJob(
        data=found.name,
        folder=library.decoded(start.sides[-1]),
        groups=found_groups(library),
        space=Space.of(start),
        storage=options.storage or f"sqlite:///{options.out.resolve() / 'study.sqlite3'}",
        study=options.study or options.model,
        total=options.trials,
    )


def _say_what_is_there(study: Study, total: int) -> None:
    done = len(finished(study.get_trials(deepcopy=False)))
    if done:
        print(f"The study {study.study_name} has {done} of {total} trials already.", flush=True)


def _conclude(options: TuningOptions, study: Study, bench: Bench) -> None:
    """Judge the best of the trials beside the defaults, write what came out, and say it."""
    trials = made(study, bench)
    best, networks = best_trial(trials), options.out / "networks"
    with ctrl_c() as pressed:
        defaults = judge("defaults", bench.space.start.recipe, bench, options.repeats, networks, pressed)
        winner = None if best.is_default else judge("best", best.recipe, bench, options.repeats, networks, pressed)
    about = settings(study.study_name, options.repeats, bench, trials)
    result = Search(tuple(trials), best, defaults, winner, about)
    publish(result, study, options.out)
    track(study, bench, options.out / "tracking")
    for table in (report.setting(result), report.accuracies(result)):
        if table.rows:
            print()
            table.show()
    print(
        f"\n{result.verdict()}\n\nSee {shown(options.out / 'tuning.html')}. The setting is {shown(options.out / BEST)}."
    )


def publish(result: Search, study: Study, folder: Path) -> None:
    """Write the report's files, and the best setting for the next training."""
    write(folder / "trials.csv", report.as_csv(result.trials))
    write(folder / "tuning.html", page(result, study))
    write_recipe(folder / BEST, result.best.recipe, result.about())
