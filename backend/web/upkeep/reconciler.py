"""Finds work that events, jobs or Redis lost, and queues it. Doing anything here twice does no harm.

| what is looked for | what is queued |
|---|---|
| events that no run took up; a run that was killed, or failed some while ago | a run |
| a project that was not polled for `POLL_SECONDS` | a run |
| a project that files are kept of, but that the mirror lost | a run |
| an auto-labelling with work left | its job |
| a fine-tuning with work left, or one that is due by the policy `FINETUNE` | its job |
| an active version whose queue lacks predictions, while nobody labels | a refresh |
| items of the outbox, while nobody labels | nothing: a process of its own delivers them |
"""

import math
import time
from datetime import UTC, datetime

from backend import logs
from backend.errors import LabelLoopError
from backend.finetune import requests
from backend.finetune.devices import CPU
from backend.project import Project
from backend.queue.failures import KILLED, pause
from backend.queue.jobs import JobKind
from backend.queue.lease import LeaseKind
from backend.services import ProjectContext, Services
from backend.store.records.finetuning import AT_WORK, FinetuneRequest
from backend.store.records.mirror import MirroredProject
from backend.tracking.courier import Courier

MOST_BACKOFF = 20
"""Poll intervals between two looks at a project that is refused, or not connected any more."""

log = logs.get()


class Reconciler:
    """Called every few seconds, by one thread."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._settings = services.settings
        self._queue = services.queue
        self._mirror = services.mirror
        self._autolabelings = services.autolabelings
        self._finetunings = services.finetunings
        self._courier = Courier(services.outbox, services.mirror, services.queue)
        self._polls = Polls(services.settings.poll_seconds)
        self._asked_for: set[str] = set()

    def step(self) -> None:
        """Look for all of it once."""
        if self._queue.forgot():
            self._polls.forget()
        self._take_up_runs()
        self._look_for_lost_projects()
        for mirrored in self._mirror.projects():
            if mirrored.project.url == self._settings.label_studio_url:
                self._go_on(mirrored)
        self._polls.all_seen()
        self._courier.step()

    def _go_on(self, mirrored: MirroredProject) -> None:
        """What one project is due; the others have their turn whatever becomes of it."""
        try:
            # Before the poll: a run that waits ends a refresh, and polls may be due at each look.
            self._refresh_if_idle(mirrored)
            self._poll_if_due(mirrored)
            self._go_on_autolabelling(mirrored.project)
            self._go_on_finetuning(mirrored)
        except (OSError, LabelLoopError):
            log.exception("a project can't be looked after", project=mirrored.project.id)

    def _note_killed(self, number: int) -> None:
        """Tell of a run that did not end by itself; where that goes on, wait longer each time."""
        project = self._services.project(number)
        failing = self._queue.failing.note(project, KILLED)
        if failing.times > 1:
            self._queue.pause(project, pause(failing.times - 1))
        self._queue.end(project)

    def _take_up_runs(self) -> None:
        for number in self._queue.killed_projects():
            self._note_killed(number)
        for number in {*self._queue.dirty_projects(), *self._queue.failing.all()}:
            project = self._services.project(number)
            if self._queue.busy(project) or self._queue.postponed(project):
                continue
            if self._enqueue(JobKind.RUN, project):
                log.info("taken up again", project=number)

    def _look_for_lost_projects(self) -> None:
        """Have projects pulled again that the mirror lost, but that files are kept of; of each, ask once."""
        mirrored = {each.project.key for each in self._mirror.projects()}
        lost = self._services.project_files.keys() - mirrored
        for key in lost - self._asked_for:
            number = key.partition("-")[0]
            if number.isdecimal() and (project := self._services.project(int(number))).key == key:
                self._enqueue(JobKind.RUN, project)
        self._asked_for = lost

    def _poll_if_due(self, mirrored: MirroredProject) -> None:
        if self._queue.postponed(mirrored.project):
            return
        served = mirrored.problem is None or mirrored.is_chosen_by_hand
        if self._polls.claim(mirrored.project, 1 if served else MOST_BACKOFF):
            self._enqueue(JobKind.RUN, mirrored.project)

    def _go_on_autolabelling(self, project: Project) -> None:
        if self._autolabelings.has_work(project) and not self._queue.busy(project):
            self._enqueue(JobKind.AUTOLABEL, project)

    def _go_on_finetuning(self, mirrored: MirroredProject) -> None:
        project = mirrored.project
        finetuning = self._finetunings.open(project)
        if finetuning is None:
            self._finetune_if_due(mirrored)
        elif not self._queue.busy(project, LeaseKind.FINETUNING) and not self._queue.embedding(project):
            self._enqueue(JobKind.FINETUNE if finetuning.phase in AT_WORK else JobKind.EMBED, project)

    def _finetune_if_due(self, mirrored: MirroredProject) -> None:
        """Begin a fine-tuning that is due by the policy, if a GPU is there for it."""
        if mirrored.problem is not None or all(device == CPU for device in self._queue.training_workers()):
            return
        project, settings = mirrored.project, self._settings
        labels = self._mirror.labels(project)
        if requests.is_due(self._finetunings.all(project), labels, settings, datetime.now(UTC)):
            context = ProjectContext(project, self._services)
            requests.begin(context, FinetuneRequest(trigger=settings.finetune))

    def _refresh_if_idle(self, mirrored: MirroredProject) -> None:
        project = mirrored.project
        if mirrored.problem is not None or mirrored.active_version in (None, mirrored.refreshed_version):
            return
        if self._queue.quiet_seconds(project) < self._settings.idle_seconds:
            return
        if not (self._queue.waiting(JobKind.RUN, project) or self._queue.busy(project)):
            self._enqueue(JobKind.REFRESH, project)

    def _enqueue(self, kind: JobKind, project: Project) -> bool:
        """Queue a job unless one is waiting, or was put off; one that died with its worker is not waiting."""
        if self._queue.is_put_off(kind, project):
            return False
        self._queue.requeue_lost(kind, project)
        return self._queue.enqueue(kind, project)


class Polls:
    """Which project is to be polled now."""

    def __init__(self, seconds: float) -> None:
        """Begin with every project due: nobody knows what happened before this process.

        Args:
            seconds: of a poll interval.
        """
        self._seconds = seconds
        self._polled: dict[Project, float] = {}
        self._unseen_are_due = True

    def claim(self, project: Project, intervals: int) -> bool:
        """Whether a project's last poll was that many intervals ago; if so, it counts as polled now."""
        now = time.monotonic()
        last = self._polled.setdefault(project, -math.inf if self._unseen_are_due else now)
        if now - last < intervals * self._seconds:
            return False
        self._polled[project] = now
        return True

    def all_seen(self) -> None:
        """From now on, a project not seen before is one that a run has just found, and pulled."""
        self._unseen_are_due = False

    def forget(self) -> None:
        """Make every project due, as in the beginning."""
        self._polled.clear()
        self._unseen_are_due = True
