"""Keeps the `Status` up to date: what is read, and what is checked."""

import threading
from dataclasses import replace
from typing import Any

from redis.exceptions import RedisError

from backend.errors import LabelLoopError
from backend.services import Services
from backend.store.records.insight import Insight
from backend.store.records.mirror import MirroredProject
from backend.web.status import Status


class StatusBoard:
    """Holds the `Status`: reading it never waits, and threads keep it fresh.

    Attributes:
        status: replaced as a whole, so that a reader sees one moment.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._updating = threading.Lock()
        self.status = Status()

    def read_projects(self) -> None:
        """Read which projects there are, and which version of each is active."""
        self._update(projects={each.project.id: each for each in self._services.mirror.projects()})

    def read_stores(self) -> None:
        """Read the newest figures and the newest fine-tuning of each project."""
        projects = self.status.projects
        insights = {number: self._insight(number, each) for number, each in projects.items()}
        finetunings = {number: self._services.finetunings.newest(each.project) for number, each in projects.items()}
        self._update(
            insights={number: found for number, found in insights.items() if found is not None},
            finetunings={number: found for number, found in finetunings.items() if found is not None},
        )

    def check_surroundings(self) -> None:
        """Check Redis, workers, Label Studio and the backbone, and count what waits for MLflow."""
        self._check_queue()
        problem: str | None = None
        try:
            self._services.label_studio.whoami()
        except LabelLoopError as error:
            problem = str(error)
        ready = self._services.backbones.base_is_ready()
        waiting = len(self._services.outbox.waiting())
        self._update(label_studio_problem=problem, backbone_ready=ready, outbox=waiting, probed=True)

    def _check_queue(self) -> None:
        queue = self._services.queue
        try:
            self._update(
                redis_problem=None,
                workers=queue.workers(),
                training_workers=tuple(queue.training_workers()),
                queue_depth=queue.depth(),
                failed_jobs=queue.failed_jobs(),
                counters=queue.counters(),
            )
        except RedisError as error:
            self._update(redis_problem=str(error))

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

    def _update(self, **changes: Any) -> None:
        with self._updating:
            self.status = replace(self.status, **changes)
