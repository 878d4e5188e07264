"""One run of the loop for one project: sync, embed, train, evaluate, rank, publish. And the refresh while idle.

`run` and `refresh` are the RQ jobs. A run is safe to repeat and safe to kill at any point: everything it learns is
written to the mirror and the stores as it goes, and Label Studio sees a version only when it is whole.
"""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from redis.exceptions import RedisError

from backend import __version__, dataset, logs, predictions
from backend.dataset import Dataset
from backend.errors import LabelLoopError, NotFoundError, RetryLaterError
from backend.jobs import embed, evaluate, publish, rank, sync, train
from backend.jobs import refresh as refresh_stage
from backend.labelstudio import config
from backend.project import Project
from backend.queueing import REFRESH, RUN, Lease
from backend.services import Services
from backend.settings import load
from backend.store.versions import Version, new_name
from model.head import Head

LEASE_WAIT_SECONDS = 5.0
"""A refresh gives the project back between two slices: a run waits so long for it."""

RETRY_SECONDS = 5.0
"""How soon a run is tried again that met a Label Studio or a Redis that did not answer."""

DEBOUNCE_LIMIT = 5
"""A stream of events that never pauses is waited for this many times the debounce at most."""

MOST_HEALED = 100
"""Labelled tasks named in one import, so that Label Studio counts their annotations anew."""

log = logs.get()


def run(project_id: int) -> None:
    """RQ job: bring a project up to date, and publish a new version if anything changed."""
    services = _services()
    project = services.project(project_id)
    services.queue.started(RUN, project)
    with _logged(project), services.queue.lease(project, LEASE_WAIT_SECONDS) as lease:
        if lease is None:
            log.info("another run has the project")
            return
        Run(project, services, lease).go()
    if services.queue.dirty_since(project) is not None and not services.queue.postponed(project):
        services.queue.enqueue(RUN, project)


def refresh(project_id: int) -> None:
    """RQ job: give the rest of the queue the active version's predictions until somebody is at work again."""
    services = _services()
    project = services.project(project_id)
    services.queue.started(REFRESH, project)
    with _logged(project), services.queue.lease(project, 0) as lease:
        version = services.versions.active(project)
        mirrored = services.mirror.project(project)
        if lease is None or version is None or mirrored is None or mirrored.problem is not None:
            return
        try:
            done = refresh_stage.run(
                project,
                services,
                version,
                config.read(mirrored.label_config),
                # Other projects' runs count too: this worker may be the only one.
                lambda: not lease.held() or services.queue.waiting(RUN, project) or services.queue.runs_wait(),
            )
        except LabelLoopError as error:
            # What is cut off is found again: as soon as it has been quiet for a while. What will not mend by itself is
            # the next run's to report.
            log.warning("refresh put off", reason=str(error))
            services.queue.touch(project)
            return
        services.features.tidy(services.backbone.version, services.backbone.width)
        log.info("refreshed", tasks=done, version=version.name)


class Run:
    """One pass along the line."""

    def __init__(self, project: Project, services: Services, lease: Lease) -> None:
        self.project = project
        self.services = services
        self.lease = lease
        self.measures: dict[str, float] = {}

    def go(self) -> None:
        """Run, and leave the queue's books in order whatever happens."""
        queue, project = self.services.queue, self.project
        self._debounce()
        # The mark first: a run that is killed between the two must be found by one of them.
        queue.begin(project)
        queue.clear_dirty(project)
        try:
            outcome = self._line()
        except NotFoundError:
            self.services.mirror.forget(project)
            outcome = "forgotten"
            log.warning("Label Studio no longer has the project; it is forgotten")
        except (RetryLaterError, RedisError) as error:
            outcome = "postponed"
            log.warning("run postponed", reason=str(error))
        except Exception:
            log.exception("run failed", failures_in_a_row=queue.failed(project))
            self._book("failed")
            raise
        self._book(outcome)

    def _book(self, outcome: str) -> None:
        """Put how the run ended into the queue's books; its mark goes last, so that half a booking is taken up again.

        Raises:
            RedisError: Redis is away; the mark stays, or is lost with all else: the reconciler finds both.
        """
        queue, project = self.services.queue, self.project
        if outcome == "postponed":
            queue.postpone(project, RETRY_SECONDS)
        elif outcome != "failed":
            queue.succeeded(project)
        if outcome == "published":
            queue.touch(project)
        queue.end(project)
        queue.count({**self.measures, f"runs:{outcome}": 1})

    def _line(self) -> str:
        with self._stage("sync"):
            synced = sync.run(self.project, self.services)
        if synced.labeling is None:
            return "unsupported"
        with self._stage("embed"):
            embedded = embed.run(self.project, self.services)
        self.measures["images"] = embedded.images
        active = self._active(synced.state.model_version)
        with self._stage("load"):
            data = dataset.load(self.project, self.services, synced.labeling)
        if embedded.left:
            self.services.queue.hint(self.project)
        if not len(data.task_ids):
            return "empty"
        changed = _changed_labels(data, active)
        if not (synced.version_wanted or self._wants_version(data, active, changed)):
            return "unchanged"
        version = self._make_version(data, active, changed)
        logs.bind(version=version.name)
        with self._stage("save"):
            self.services.versions.save(self.project, version)
        with self._stage("publish"):
            labelled = sorted(changed & data.labels.keys())[:MOST_HEALED]
            stored = publish.run(self.project, self.services, version, synced.labeling, labelled, self.lease.check)
        self.measures["predictions"] = stored
        log.info(
            "published",
            labels=len(data.labels),
            queue=len(version.task_ids),
            seconds={name.partition(":")[2]: round(value, 3) for name, value in self.measures.items() if ":" in name},
        )
        return "published"

    def _active(self, shown: str) -> Version | None:
        """The active version; a run that was killed right after the switch is made good here."""
        versions = self.services.versions
        active = versions.active(self.project)
        newer = active is None or shown > active.name
        if newer and shown in versions.names(self.project):
            versions.activate(self.project, shown)
            active = versions.active(self.project)
        return active

    def _wants_version(self, data: Dataset, active: Version | None, changed: set[int]) -> bool:
        if active is None:
            return True
        if len(changed) >= self.services.settings.min_new_annotations:
            return True
        if active.record["settings"] != _made_with(data, self.services):
            return True
        # A task whose image could not be read then, but can be now, has no place in the version's queue yet.
        placed = set(active.task_ids[active.scores < predictions.LAST].tolist())
        listed = set(active.task_ids.tolist())
        return not (placed.issuperset(data.task_ids[data.pool].tolist()) and listed.issuperset(data.unreadable))

    def _make_version(self, data: Dataset, active: Version | None, changed: set[int]) -> Version:
        seed = self.services.settings.seed
        head: Head | None = None
        evaluation: dict[str, Any] | None = None
        made_with = _made_with(data, self.services)
        if active is not None and not changed and active.record["settings"] == made_with:
            head, evaluation = active.head, active.record["evaluation"]
        else:
            with self._stage("train"):
                head = train.run(data, seed)
            if head is not None:
                with self._stage("evaluate"):
                    evaluated = evaluate.run(data, head, seed)
                head = evaluated.head
                evaluation = None if evaluated.evaluation is None else asdict(evaluated.evaluation)
        with self._stage("rank"):
            queue, strategy = rank.run(data, head, self.services.settings)
        record = {
            "labels": [
                [label.task_id, label.choice, list(label.annotation_ids), label.updated_at.isoformat()]
                for label in data.labels.values()
            ],
            "settings": made_with,
            "strategy": strategy,
            "evaluation": evaluation,
            "seconds": dict(self.measures),
        }
        return Version(new_name(), head, queue.task_ids, queue.scores, record)

    def _debounce(self) -> None:
        pause = self.services.settings.debounce_seconds
        deadline = time.time() + DEBOUNCE_LIMIT * pause
        while (last := self.services.queue.dirty_since(self.project)) is not None:
            wait = min(last + pause, deadline) - time.time()
            if wait <= 0:
                return
            time.sleep(min(wait, pause))

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        self.lease.check()
        started = time.perf_counter()
        yield
        self.measures[f"seconds:{name}"] = time.perf_counter() - started


def _changed_labels(data: Dataset, active: Version | None) -> set[int]:
    """Tasks whose label is new, another one, or gone since the active version."""
    if active is None:
        return set(data.labels)
    before = {task: (choice, at) for task, choice, _, at in active.record["labels"]}
    now = {task: (label.choice, label.updated_at.isoformat()) for task, label in data.labels.items()}
    return {task for task in before.keys() | now.keys() if before.get(task) != now.get(task)}


def _made_with(data: Dataset, services: Services) -> dict[str, Any]:
    """What else a version depends on: when it changes, a new one is made from the same labels."""
    settings = services.settings
    return {
        "code": __version__,
        "backbone": services.backbone.version,
        "classes": list(data.classes),
        "seed": settings.seed,
        "arm_share": settings.arm_share,
    }


def _services() -> Services:
    return Services(load())


@contextmanager
def _logged(project: Project) -> Iterator[None]:
    logs.bind(project=project.id, run=hashlib.sha256(f"{project.key}{time.time_ns()}".encode()).hexdigest()[:8])
    try:
        yield
    finally:
        logs.unbind()
