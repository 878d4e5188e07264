"""Finds work that events, jobs or Redis lost. Everything here may be done twice without harm."""

import math
import time
from datetime import UTC, datetime

from backend import logs
from backend.finetune import requests
from backend.finetune.devices import CPU
from backend.project import Project
from backend.queue.jobs import JobKind
from backend.queue.lease import LeaseKind
from backend.services import Services
from backend.store.finetunings import AT_WORK, FinetuneRequest
from backend.store.mirror import NOT_CONNECTED, MirroredProject
from backend.tracking.courier import Courier

MOST_BACKOFF = 20
"""A project whose runs keep failing is tried again after up to this many poll intervals."""

log = logs.get()


class Reconciler:
    """Called every few seconds; remembers when it polled which project."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._courier = Courier(services.outbox, services.mirror, services.queue)
        self._polled: dict[str, float] = {}
        # Nobody knows what happened before. Later, what is new here was found by a run, which has just pulled it.
        self._new_are_due = True

    def step(self) -> None:
        """Take up what was killed or postponed, poll projects that are due, refresh idle ones, deliver the outbox."""
        queue = self._services.queue
        if queue.forgot():
            self._polled.clear()
            self._new_are_due = True
        for project_id in set(queue.dirty_projects()) | set(queue.running_projects()):
            self._take_up(self._services.project(project_id))
        for mirrored in self._services.mirror.projects():
            if mirrored.project.url == self._services.settings.label_studio_url:
                self._poll(mirrored)
                self._go_on_labelling(mirrored)
                self._go_on_finetuning(mirrored)
                self._refresh_if_idle(mirrored)
        self._new_are_due = False
        self._courier.step()

    def _take_up(self, project: Project) -> None:
        queue = self._services.queue
        if queue.busy(project) or queue.postponed(project):
            return
        queue.requeue_lost(JobKind.RUN, project)
        if queue.enqueue(JobKind.RUN, project):
            log.info("taken up again", project=project.id)

    def _poll(self, mirrored: MirroredProject) -> None:
        queue, project = self._services.queue, mirrored.project
        waits = MOST_BACKOFF if mirrored.problem == NOT_CONNECTED else 1 + queue.failures(project)
        interval = self._services.settings.poll_seconds * min(waits, MOST_BACKOFF)
        now = time.monotonic()
        if now - self._polled.setdefault(project.key, -math.inf if self._new_are_due else now) >= interval:
            self._polled[project.key] = now
            queue.requeue_lost(JobKind.RUN, project)
            queue.enqueue(JobKind.RUN, project)

    def _go_on_labelling(self, mirrored: MirroredProject) -> None:
        queue, project = self._services.queue, mirrored.project
        if self._services.autolabelings.has_work(project) and not queue.busy(project):
            queue.requeue_lost(JobKind.AUTOLABEL, project)
            queue.enqueue(JobKind.AUTOLABEL, project)

    def _go_on_finetuning(self, mirrored: MirroredProject) -> None:
        queue, project, store = self._services.queue, mirrored.project, self._services.finetunings
        state = store.open(project)
        if state is None:
            self._finetune_if_due(mirrored)
        elif not queue.busy(project, LeaseKind.FINETUNING) and not queue.embedding(project):
            kind = JobKind.FINETUNE if state.phase in AT_WORK else JobKind.EMBED
            queue.requeue_lost(kind, project)
            queue.enqueue(kind, project)

    def _finetune_if_due(self, mirrored: MirroredProject) -> None:
        project, settings = mirrored.project, self._services.settings
        if mirrored.problem is not None or all(device == CPU for device in self._services.queue.training_workers()):
            return
        labels = self._services.mirror.labels(project)
        if requests.is_due(self._services.finetunings.all(project), labels, settings, datetime.now(UTC)):
            requests.begin(project, self._services, FinetuneRequest(trigger=settings.finetune))

    def _refresh_if_idle(self, mirrored: MirroredProject) -> None:
        queue, project = self._services.queue, mirrored.project
        if mirrored.active_version is None or mirrored.active_version == mirrored.refreshed_version:
            return
        if queue.quiet_seconds(project) < self._services.settings.idle_seconds or mirrored.problem is not None:
            return
        if not (queue.waiting(JobKind.RUN, project) or queue.busy(project)):
            queue.requeue_lost(JobKind.REFRESH, project)
            queue.enqueue(JobKind.REFRESH, project)
