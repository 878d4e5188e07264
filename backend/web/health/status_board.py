"""Keeps the `Status` up to date: what is read, and what is checked."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from backend.causes.exceptions import cause_of
from backend.errors import LabelLoopError
from backend.project import Project
from backend.services import Services
from backend.store.overview import ProjectOverview
from backend.store.records.insight import Insight
from backend.store.records.mirror import MirroredProject
from backend.web.health import disk
from backend.web.health.alone import Presence
from backend.web.health.problem import Problem, ProblemKind
from backend.web.health.problems import gather
from backend.web.health.status import Status

REDIS, LABEL_STUDIO = "Redis", "Label Studio"
"""Whose clocks are compared with this machine's."""

REST, MOST_REST_SECONDS = 50, 30.0
"""After tasks were counted, they are left alone for so many times as long: 100,000 take a third of a second."""


class StatusBoard:
    """Holds the `Status`: reading it never waits, and threads keep it fresh.

    Attributes:
        status: replaced as a whole, so that a reader sees one moment.
    """

    def __init__(self, services: Services, clock: Callable[[], float] = time.monotonic) -> None:
        self._services = services
        self._clock = clock
        self._began = self._count_at = clock()
        self._counted: dict[Project, str] = {}
        self._updating = threading.Lock()
        self._presence = Presence(services.settings.model_dir)
        self._since: dict[tuple[ProblemKind, int | None], datetime] = {}
        self.status = Status()

    def problems(self) -> list[Problem]:
        """What is wrong, and since when; never waits."""
        found = list(gather(self.status, self._services.settings))
        now = datetime.now(UTC)
        with self._updating:
            self._since = {(each.kind, each.project): self._since.get((each.kind, each.project), now) for each in found}
            since = self._since
        return [replace(each, since=each.since or since[each.kind, each.project]) for each in found]

    def read_projects(self) -> None:
        """Read which projects there are, and which version of each is active."""
        with self._looking("projects"):
            known, url = self._services.mirror.projects(), self._services.settings.label_studio_url
            # Those of another Label Studio have the same numbers.
            self._update(projects={each.project.id: each for each in known if each.project.url == url})

    def read_stores(self) -> None:
        """Read each project's newest figures and newest fine-tuning, and how its tasks are."""
        with self._looking("stores"):
            projects, services = self.status.projects, self._services
            insights = {number: self._insight(number, each) for number, each in projects.items()}
            finetunings = {number: services.finetunings.newest(each.project) for number, each in projects.items()}
            self._update(
                insights={number: found for number, found in insights.items() if found is not None},
                finetunings={number: found for number, found in finetunings.items() if found is not None},
                overviews=self._overviews(projects),
                cancelled=frozenset(
                    number
                    for number, found in finetunings.items()
                    if found is not None and services.finetunings.is_cancelled(projects[number].project, found)
                ),
                set_aside=tuple(each for each in services.quarantine.all() if each.damaged),
            )

    def check_surroundings(self) -> None:
        """Check Redis, workers, Label Studio, backbone, disk and clocks, and count what waits for MLflow."""
        with self._looking("surroundings"):
            self._check_queue()
            self._check_label_studio()
            self._check_disk()
            outbox = self._services.outbox
            self._update(
                backbone_ready=self._services.backbones.base_is_ready(),
                outbox=len(outbox.waiting()),
                # What waited while nobody could deliver it was not refused.
                untracked_seconds=min(outbox.waited(), self._clock() - self._began) if outbox.enabled else 0.0,
                probed=True,
            )
        self.problems()

    def leave(self) -> None:
        """Let other web processes have MODEL_DIR alone."""
        self._presence.leave()

    def _check_queue(self) -> None:
        queue = self._services.queue
        try:
            queue.watch.check_writes()
            self._update(
                redis=None,
                redis_may_forget=queue.watch.may_forget(),
                workers=queue.workers(),
                worker_releases=frozenset(queue.watch.releases()),
                training_workers=tuple(queue.training_workers()),
                queue_depth=queue.depth(),
                failed_jobs=queue.failed_jobs(),
                counters=queue.counters(),
                failing=queue.failing.all(),
                standings=queue.watch.standings(),
            )
            self._note_clock(REDIS, queue.watch.clock() - time.time())
        except RedisError as error:
            # What was seen before says nothing of now.
            clocks = {whose: ahead for whose, ahead in self.status.clocks.items() if whose != REDIS}
            self._update(redis=cause_of(error), workers=0, training_workers=(), standings={}, clocks=clocks)

    def _check_label_studio(self) -> None:
        problem: str | None = None
        try:
            asked = datetime.now(UTC)
            theirs = self._services.label_studio.whoami()
            if theirs is not None:
                # Between the question and the answer, whichever is the nearer: an answer may take seconds.
                seconds = (theirs - asked).total_seconds()
                late = (theirs - datetime.now(UTC)).total_seconds()
                self._note_clock(LABEL_STUDIO, min(seconds, late, key=abs))
        except LabelLoopError as error:
            problem = str(error)
        self._update(label_studio_problem=problem)

    def _note_clock(self, whose: str, ahead: float) -> None:
        self._update(clocks={**self.status.clocks, whose: ahead})

    def _check_disk(self) -> None:
        folder = self._services.settings.model_dir
        try:
            self._update(disk=disk.look_at(folder), disk_problem=None)
            self._update(alone=self._presence.is_alone())
        except OSError as error:
            self._update(disk_problem=cause_of(error))

    def _insight(self, number: int, mirrored: MirroredProject) -> tuple[str, Insight] | None:
        """The newest figures, read only where they are not the ones on the board."""
        versions, shown = self._services.versions, self.status.insights.get(number)
        newest = versions.newest_second_stage(mirrored.project)
        if newest is None:
            return None
        if shown is not None and shown[0] == newest:
            return shown
        insight = versions.insight(mirrored.project, newest)
        return None if insight is None else (newest, insight)

    def _overviews(self, projects: Mapping[int, MirroredProject]) -> dict[int, ProjectOverview]:
        """How each project's tasks are, as counted now or a moment ago: the more there are, the more rarely."""
        begun, created_at = self._clock(), {each.project: each.created_at for each in projects.values()}
        if begun < self._count_at and created_at == self._counted:
            return self.status.overviews
        self._counted = created_at
        counted = {number: self._services.overviews.read(each.project) for number, each in projects.items()}
        ended = self._clock()
        self._count_at = ended + min(REST * (ended - begun), MOST_REST_SECONDS)
        return counted

    @contextmanager
    def _looking(self, check: str) -> Iterator[None]:
        """Note that a check was through; a database that fails it is noted until the check succeeds.

        Args:
            check: its name.
        """
        with self._updating:
            self.status = replace(self.status, looked={check: time.monotonic(), **self.status.looked})
        try:
            yield
        except SQLAlchemyError as error:
            with self._updating:
                self.status = replace(self.status, database={**self.status.database, check: cause_of(error)})
            raise
        with self._updating:
            database = {each: cause for each, cause in self.status.database.items() if each != check}
            looked = {**self.status.looked, check: time.monotonic()}
            self.status = replace(self.status, database=database, looked=looked)

    def _update(self, **changes: Any) -> None:
        with self._updating:
            self.status = replace(self.status, **changes)
