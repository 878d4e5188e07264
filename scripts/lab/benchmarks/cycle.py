"""The cycle: from an annotator's submit to a version that knows the label being active, with its head published."""

import time
from dataclasses import dataclass

from sqlalchemy import Engine

from backend.store import database
from scripts.cli.progress import tracked
from scripts.lab.benchmarks.errors import BenchmarkError
from scripts.lab.benchmarks.figures import Figure, Measured, median, spread
from scripts.lab.benchmarks.projects import BenchmarkProject, pages
from scripts.lab.benchmarks.stack import Stack
from scripts.lab.benchmarks.versions import Published, published_between
from scripts.stack.image_project import choice_region

MOST_SECONDS, MOST_SHARE, MOST_SUBMIT_SECONDS = 5.0, 0.5, 2.0
PATIENCE = 60.0
# The mirror is asked, not Label Studio: asking must not slow what is measured.
POLL_SECONDS = 0.05
STAGES = ("sync", "embed", "load", "train", "evaluate", "rank")


@dataclass(frozen=True)
class _Cycle:
    """One submit and what came of it, in seconds."""

    submit: float
    total: float
    stages: dict[str, float]


def run(stack: Stack, project: BenchmarkProject, name: str, submits: int = 15) -> Measured:
    """Label the task that Label Studio hands out, wait until a version knows it, and so on.

    Publication is counted whole as Label Studio's own writes: the import of the head's predictions and the switch.

    Args:
        stack: Label Studio and the backend, running.
        project: with more than `submits` tasks left.
        name: of this case, for the table.
        submits: at least 1; one more is made before, to warm up.
    """
    engine = database.connect(stack.mirror_url)
    measured = tracked(range(submits + 1), f"cycle, {name}", unit="submit", kept=False)
    cycles = [_measure(stack, project, engine) for _ in measured][1:]
    total = median([cycle.total for cycle in cycles])
    stages = {stage: median([cycle.stages[stage] for cycle in cycles]) for stage in cycles[0].stages}
    return Measured(
        figures=[
            Figure(f"cycle, {name}, median", total, "s", MOST_SECONDS),
            Figure(
                f"cycle, {name}, share of Label Studio's own writes",
                median([cycle.stages["publish"] / cycle.total for cycle in cycles]),
                "",
                MOST_SHARE,
            ),
            Figure(f"cycle, {name}, longest submit", max(cycle.submit for cycle in cycles), "s", MOST_SUBMIT_SECONDS),
            *(Figure(f"cycle, {name}, {stage}", seconds, "s") for stage, seconds in stages.items()),
        ],
        details={
            "tasks": len(project.truth),
            "labels_before": len(project.labelled),
            "ready_seconds": project.ready_seconds,
            "total_seconds": spread([cycle.total for cycle in cycles]),
            "submit_seconds": spread([cycle.submit for cycle in cycles]),
            "cycles": [{"total": cycle.total, "submit": cycle.submit, **cycle.stages} for cycle in cycles],
        },
    )


def _measure(stack: Stack, project: BenchmarkProject, engine: Engine) -> _Cycle:
    label_studio, backend = pages(stack, project.id)
    handed = label_studio.next_task()
    if handed is None:
        raise BenchmarkError(f"Project {project.id} has no task left; measure with more --tasks.")
    region = choice_region(project.truth[handed.task])
    started = time.time()
    annotation = label_studio.submit(handed.task, [region], lead_time=1.0)
    submit = time.time() - started
    seen: set[str] = set()
    while time.time() - started < PATIENCE:
        for version in _new(engine, project, started, seen):
            made = backend.version(version.name)
            if made is not None and annotation in made["annotation_ids"]:
                _check_active(label_studio.active_version(), version.name)
                return _Cycle(submit, version.active_at - started, _stages(version, started, submit, made["seconds"]))
        time.sleep(POLL_SECONDS)
    raise BenchmarkError(f"No version knew annotation {annotation} after {PATIENCE:.0f} s. See worker.log.")


def _new(engine: Engine, project: BenchmarkProject, started: float, seen: set[str]) -> list[Published]:
    with engine.connect() as mirror:
        versions = [
            each for each in published_between(mirror, project.id, started, time.time()) if each.name not in seen
        ]
    seen.update(each.name for each in versions)
    return versions


def _stages(version: Published, started: float, submit: float, seconds: dict[str, float]) -> dict[str, float]:
    """Seconds by stage; `rest` is the debounce (0.3 s), the start of the job and the saving of the version."""
    stages = {"submit": submit} | {stage: seconds.get(f"seconds:{stage}", 0.0) for stage in STAGES}
    stages["publish"] = version.active_at - version.saved_at
    return stages | {"rest": version.active_at - started - sum(stages.values())}


def _check_active(active: str, expected: str) -> None:
    if active < expected:
        raise BenchmarkError(f"The backend says that {expected} is active, Label Studio says {active!r}.")
