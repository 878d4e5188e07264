"""Simulate many projects in parallel."""

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from threadpoolctl import threadpool_limits
from tqdm import tqdm

from backend import logs
from backend.settings import Settings
from scripts.lab.trust import worlds
from scripts.lab.trust.kinds import kind
from scripts.lab.trust.options import Options
from scripts.lab.trust.promise import Answer


def answers(name: str, options: Options) -> list[Answer]:
    """What all projects say of the promises of a kind.

    Raises:
        TrustError: projects can't be simulated.
    """
    seeds = range(options.seed, options.seed + options.projects)
    simulate = partial(one, name, options.features)
    # Forked, a process would share locks of libraries whose threads it does not have.
    with ProcessPoolExecutor(min(options.jobs, options.projects), mp_context=get_context("spawn")) as pool:
        found = tqdm(pool.map(simulate, seeds), total=len(seeds), desc=name, unit="project", leave=False, disable=None)
        return [answer for answers in found for answer in answers]


def one(name: str, features: Path | None, seed: int) -> list[Answer]:
    """Simulate one project of a kind, quietly and on one core."""
    logs.configure(Settings(log_level="ERROR"))
    with threadpool_limits(limits=1):
        return kind(name).run(worlds.source(features), seed)
