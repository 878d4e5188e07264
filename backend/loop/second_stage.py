"""A version's second stage: the head that is served and what the figures say, a moment after its publication.

Within a run nothing may wait for it, so it is made when no event waits, and given up as soon as one comes. What was
given up, or killed, is made by the refresh, before it publishes the rest of the queue.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import numpy as np
from redis.exceptions import RedisError

from backend import logs
from backend.loop import distil, evaluate, insight
from backend.loop.evaluate import Evaluated
from backend.loop.interruptible import GivenUp, interruptible
from backend.queue.counters import Counters, SecondStageOutcome
from backend.services import ProjectContext
from backend.store import dataset
from backend.store.dataset import Dataset
from backend.store.records.version import ServedFigures
from backend.store.trouble import trouble
from backend.store.versions import Version
from model.errors import InputError
from model.head.head import Head

log = logs.get()


def run(
    context: ProjectContext,
    version: Version,
    data: Dataset,
    *,
    held: Callable[[], bool],
    runs_wait: Callable[[], bool],
) -> Version | None:
    """Make and store the second stage of a version, unless it is cut off.

    A failure is logged and counted, and costs the version nothing but its second stage.

    Args:
        context: the project, and the services to work on it with.
        version: whose second stage it is.
        data: the project; of its labels, only those count that the version was made of.
        held: whether the project is still ours; must not raise.
        runs_wait: whether a run waits for this job to end: reason to give up, unless that was done for
            `SECOND_STAGE_SECONDS`; must not raise.

    Returns:
        The version with its second stage, as it was where making it failed; None where it was given up.
    """
    started = time.perf_counter()
    due = is_due(context)

    def interrupted() -> bool:
        return not held() or (not due and runs_wait())

    finished: Version | None = version
    try:
        finished, outcome = _make(context, version, data, interrupted), SecondStageOutcome.MADE
    except GivenUp:
        finished, outcome = None, SecondStageOutcome.GIVEN_UP
    except Exception as error:
        outcome = SecondStageOutcome.FAILED
        reason = trouble(error)
        if reason is None:
            log.exception("second stage failed; the version stays with its quick head", version=version.name)
        else:
            log.warning("second stage put off", version=version.name, reason=reason)
    seconds = time.perf_counter() - started
    log.info("second stage", outcome=outcome, version=version.name, seconds=round(seconds, 3))
    with suppress(RedisError):
        context.services.queue.count(Counters(second_stages={outcome: 1}, seconds={"second stage": seconds}))
    return finished


def is_due(context: ProjectContext) -> bool:
    """Whether versions have gone without a second stage for so long that the next is made though events wait."""
    since = context.services.versions.unfinished_since(context.project)
    limit = timedelta(seconds=context.services.settings.second_stage_seconds)
    return since is not None and datetime.now(UTC) - since > limit


def _make(context: ProjectContext, version: Version, data: Dataset, interrupted: Callable[[], bool]) -> Version:
    project, services = context.project, context.services
    seed = services.settings.seed
    annotations = services.mirror.annotations(project)
    data = dataset.with_labels(data, version.record.labels)
    with interruptible(interrupted):
        served = _serve(context, data, version.head)
        head, evaluation, right = (
            (served.head, served.evaluation, served.right)
            if served is not None
            else (None, None, np.zeros(0, dtype=bool))
        )
        figures = insight.run(data, annotations, head, evaluation, right, seed)
    finished = services.versions.add_second_stage(project, version, head, figures)
    measured = ServedFigures(accuracy=figures.accuracy.accuracy, calibration_error=figures.calibration.error)
    services.versions.add_served_figures(project, version.name, measured)
    return finished


def _serve(context: ProjectContext, data: Dataset, quick: Head | None) -> Evaluated | None:
    """The head that is served, calibrated and judged on the holdout; None before two classes have a label.

    Raises:
        InputError: labels that the head was made of are gone: the next version will do without them.
    """
    if quick is None:
        return None
    seed = context.services.settings.seed
    if quick.classes != tuple(data.classes[index] for index in np.unique(data.targets[data.labelled])):
        raise InputError("Labels of the version are gone from the project; its figures can't be made any more.")
    nearest = context.services.geometry.nearest(context.project, data.task_ids, data.features, seed)
    return evaluate.judge(data, *distil.run(data, quick, nearest, seed))
