"""Everything that is wrong with one project now, of all that the web process knows."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from backend.causes.kinds import EXPLANATIONS
from backend.queue.watch import Standing
from backend.store.names import is_name
from backend.store.overview import ProjectOverview
from backend.store.records.label_counts import LabelCounts
from backend.store.records.mirror import MirroredProject
from backend.web.health.problem import Problem, ProblemKind, problem
from backend.web.health.status import Status
from backend.web.health.wording import count, duration

STANDSTILL_SECONDS, LONG_JOB_SECONDS = 60.0, 900.0
"""What waits longer is told: without a job that has the project, and with one, such as a first pull or a training."""
MOST_CAUSES = 3
ORDER_OF_THE_QUEUE = "Uncertainty sampling"


def of_a_project(number: int, mirrored: MirroredProject, status: Status) -> Iterator[Problem]:
    """What is wrong with a project that is connected, and what people may wonder about.

    Args:
        number: Label Studio's.
        mirrored: the project.
        status: as last seen.
    """
    overview = status.overviews.get(number)
    if mirrored.problem is not None:
        kind = ProblemKind.OTHER_MODEL_CHOSEN if mirrored.is_chosen_by_hand else ProblemKind.PROJECT_REFUSED
        yield problem(kind, mirrored.problem, project=number)
    if mirrored.missing_since is not None:
        yield replace(problem(ProblemKind.PROJECT_MISSING, project=number), since=mirrored.missing_since)
    yield from of_its_runs(number, status)
    if mirrored.problem is None:
        if mirrored.label_counts is not None:
            yield from _labels(number, mirrored.label_counts)
        if overview is not None:
            yield from _images(number, overview)
            yield from _nothing_to_do(number, overview)
    yield from _choices_of_people(number, mirrored)


def of_its_runs(number: int, status: Status) -> Iterator[Problem]:
    """What is wrong with a project's runs; the project may be one that none of them has got to know yet.

    Args:
        number: Label Studio's.
        status: as last seen.
    """
    failing, standing = status.failing.get(number), status.standings.get(number)
    if failing is not None:
        yield _failing(number, failing.times, failing.since, failing.reason)
    elif standing is not None:
        yield from _standstill(number, standing, status)


def _failing(number: int, times: int, since: str, reason: str) -> Problem:
    begun = _moment(since)
    when = "" if begun is None else f" since {begun:%Y-%m-%d %H:%M:%S} UTC"
    found = problem(
        ProblemKind.RUNS_FAIL,
        f"Its runs have failed or were put off {count(times, 'time', 'times')} in a row{when}. The last one's reason: "
        f"{reason.rstrip('.')}.",
        project=number,
    )
    return replace(found, since=begun)


def _standstill(number: int, standing: Standing, status: Status) -> Iterator[Problem]:
    waited, mend = standing.waiting or 0.0, ""
    if waited <= (LONG_JOB_SECONDS if standing.leased else STANDSTILL_SECONDS):
        return
    if standing.leased:
        mend = "Look into the worker's log for what it does. More workers don't help: one job at a time has a project."
        why = (
            "a job has the project all the while"
            if standing.running is None
            else (f"its run has been under way for {duration(standing.running)}")
        )
    elif status.workers == 0:
        why = "no worker is running"
    elif busy := [other for other, each in sorted(status.standings.items()) if other != number and each.leased]:
        named = ", ".join(str(other) for other in busy)
        why = f"{count(status.workers, 'worker is', 'workers are')} running, and at work on project {named}"
    else:
        why = f"{count(status.workers, 'worker is', 'workers are')} running, but none of them has the project"
    yield problem(
        ProblemKind.STANDSTILL,
        f"Something changed {duration(waited)} ago, and no run has taken it up: {why}.",
        mend,
        project=number,
    )


def _labels(number: int, counts: LabelCounts) -> Iterator[Problem]:
    for sentence in counts.without_effect():
        yield problem(ProblemKind.LABELS_WITHOUT_EFFECT, sentence, project=number)
    if counts.classes == 1:
        yield problem(ProblemKind.ONE_CLASS, project=number)


def _images(number: int, overview: ProjectOverview) -> Iterator[Problem]:
    if not overview.unusable:
        return
    first = overview.unusable[0]
    causes = "; ".join(
        f"{each.count} × {EXPLANATIONS[each.cause].meaning} (task {each.example}) [{each.cause}]"
        for each in overview.unusable[:MOST_CAUSES]
    )
    rest = f"; and {len(overview.unusable) - MOST_CAUSES} more causes" if overview.unusable[MOST_CAUSES:] else ""
    yield problem(
        ProblemKind.IMAGES_UNUSABLE,
        f"{overview.images_unusable} of {count(overview.tasks, 'image', 'images')} can't be used: {causes}{rest}.",
        EXPLANATIONS[first.cause].mend,
        project=number,
    )


def _nothing_to_do(number: int, overview: ProjectOverview) -> Iterator[Problem]:
    if overview.pulled and overview.tasks == 0:
        yield problem(ProblemKind.NO_TASKS, project=number)
    elif overview.pulled and overview.answered == overview.tasks:
        yield problem(ProblemKind.ALL_ANSWERED, project=number)
    if overview.waiting:
        yield problem(
            ProblemKind.IMAGES_WAIT,
            f"{overview.waiting} of {count(overview.tasks, 'image has', 'images have')} not been looked at yet.",
            project=number,
        )


def _choices_of_people(number: int, mirrored: MirroredProject) -> Iterator[Problem]:
    """What somebody set in Label Studio: it is theirs, so it is told."""
    shown, active = mirrored.model_version, mirrored.active_version
    # Names follow the time: a later one is that of a run which is about to note that it is active.
    if mirrored.problem is None and active is not None and is_name(shown) and shown < active:
        yield problem(
            ProblemKind.OLDER_VERSION_CHOSEN,
            f"The model version {shown!r} is chosen, an older one of this backend's: tasks don't come in the order of "
            "the queue until the next version.",
            project=number,
        )
    if mirrored.sampling and mirrored.sampling != ORDER_OF_THE_QUEUE:
        yield problem(
            ProblemKind.OTHER_ORDER_CHOSEN,
            f'Task sampling is "{mirrored.sampling}": tasks don\'t come in the order of the queue. It is left so.',
            project=number,
        )


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
