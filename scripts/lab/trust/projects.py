"""Simulate many projects in parallel."""

from functools import partial
from pathlib import Path

from backend import logs
from backend.settings import Settings
from scripts.cli.progress import progress
from scripts.lab import pool
from scripts.lab.trust import worlds
from scripts.lab.trust.errors import TrustError
from scripts.lab.trust.kinds import kind
from scripts.lab.trust.options import KindName, TrustOptions
from scripts.lab.trust.promise import Answer


def answers(name: KindName, options: TrustOptions) -> list[Answer]:
    """What all projects say of the promises of a kind, in the order of their seeds.

    Raises:
        TrustError: projects can't be simulated.
    """
    seeds = range(options.seed, options.seed + options.projects)
    found: dict[int, list[Answer]] = {}
    with progress(name, len(seeds), "project", kept=False) as bar:
        try:
            for place, answers in pool.run(partial(one, name, options.features), seeds, processes=options.jobs):
                found[place] = answers
                bar.advance()
        except pool.WorkerDiedError as problem:
            said = "A project's process ended before its work. See above; where nothing is said, memory is short:"
            raise TrustError(f"{said} give fewer --jobs.") from problem
    return [answer for place in range(len(seeds)) for answer in found[place]]


def one(name: KindName, features: Path | None, seed: int) -> list[Answer]:
    """Simulate one project of a kind, quietly."""
    logs.configure(Settings(log_level="ERROR"))
    return kind(name).run(worlds.source(features), seed)
