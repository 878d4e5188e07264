"""Everything that is wrong with one project now, of all that the web process knows."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from backend.causes.kinds import EXPLANATIONS
from backend.queue.watch import Standing
from backend.store.overview import ProjectOverview
from backend.store.records.mirror import MirroredProject
from backend.store.versions import NO_VERSION
from backend.web.health.problem import Problem, ProblemKind, problem
from backend.web.health.status import Status
from backend.web.health.wording import count, duration

STANDSTILL_SECONDS = 60.0
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
    if mirrored.label_counts is not None:
        for sentence in mirrored.label_counts.without_effect():
            yield problem(ProblemKind.LABELS_WITHOUT_EFFECT, sentence, project=number)
    failing = status.failing.get(number)
    if failing is not None:
        yield _failing(number, failing.times, failing.since, failing.reason)
    standing = status.standings.get(number)
    if standing is not None and failing is None:
        yield from _standstill(number, standing, status)
    if overview is not None and mirrored.problem is None:
        yield from _images(number, overview)
        yield from _nothing_to_do(number, overview)
    yield from _choices_of_people(number, mirrored, status)


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
    waited = standing.waiting or 0.0
    if waited <= STANDSTILL_SECONDS:
        return
    if standing.leased:
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
        project=number,
    )


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
    if overview.tasks == 0:
        yield problem(ProblemKind.NO_TASKS, project=number)
    elif overview.answered == overview.tasks:
        yield problem(ProblemKind.ALL_ANSWERED, project=number)
    if overview.answered and overview.choices == 1:
        yield problem(ProblemKind.ONE_CLASS, project=number)
    if overview.waiting:
        yield problem(
            ProblemKind.IMAGES_WAIT,
            f"{overview.waiting} of {count(overview.tasks, 'image has', 'images have')} not been looked at yet.",
            project=number,
        )


def _choices_of_people(number: int, mirrored: MirroredProject, status: Status) -> Iterator[Problem]:
    """What somebody set in Label Studio: it is theirs, so it is told and left."""
    shown = mirrored.model_version
    # Names are read less often than projects: the newest version's may not be among them yet.
    ours = {"", NO_VERSION, mirrored.active_version, *status.versions.get(number, frozenset())}
    if mirrored.problem is None and mirrored.active_version is not None and shown not in ours:
        yield problem(
            ProblemKind.OTHER_VERSION_CHOSEN,
            f"The model version {shown!r} is chosen, which is none of this backend's: tasks don't come in the order of "
            "the queue. It is left so.",
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
