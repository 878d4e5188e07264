"""One run of the loop for one project: sync, embed, make a version, publish it. And the refresh while idle.

`run` and `refresh` are the RQ jobs. A run is safe to repeat and safe to kill at any point: everything it learns is
written to the mirror and the stores as it goes, and Label Studio sees a version only when it is whole. Its second
stage follows when nobody waits for a run.
"""

import time
from functools import partial

from redis.exceptions import RedisError

from backend import logs
from backend.backbones import provide, switch
from backend.errors import LabelLoopError, MissingProjectError, NotFoundError, RetryLaterError
from backend.job import project_job, why_put_off
from backend.label_studio import config
from backend.label_studio.config import Labeling
from backend.loop import departure, embed, publish, second_stage, stocktaking
from backend.loop import refresh as refresh_stage
from backend.loop.changes import Changes
from backend.loop.history import figures, was_rejected_for
from backend.loop.identity import Identity
from backend.loop.stopwatch import Stopwatch
from backend.loop.version import make_version, recorded_settings
from backend.queue.counters import RunOutcome
from backend.queue.failures import KILLED, LONGEST_PAUSE, pause
from backend.queue.jobs import JobKind
from backend.queue.lease import Lease
from backend.services import ProjectContext
from backend.store.dataset import Dataset
from backend.store.sync import Synced
from backend.store.versions import Version
from backend.tracking import heads
from model.backbone.backbone import Backbone

RETRY_SECONDS = 20.0
"""Runs that meet a Label Studio that does not answer are tried again at least this often: the asking is cheap."""

TURN_SECONDS = 1.0
"""In which a worker takes up what waits, before a run that is to go on."""

DEBOUNCE_LIMIT = 5
"""A stream of events that never pauses is waited for this many times the debounce at most."""

MOST_COUNTED_ANEW = 20
"""Tasks named in one import, so that Label Studio counts their annotations anew."""

REJECTED_AMONG = 50
"""How many versions are looked back for one that was rejected: more were hardly made between two labels."""

log = logs.get()


def run(project_id: int) -> None:
    """RQ job: bring a project up to date, and publish a new version if anything changed."""
    with project_job(JobKind.RUN, project_id) as job:
        project, services = job.project, job.services
        with job.lease() as lease:
            if lease is None:
                return
            published = Run(job, lease).go()
            if published is not None:
                runs_wait = partial(_runs_wait, job)
                second_stage.run(job, *published, held=lease.held, runs_wait=runs_wait)
        if services.queue.dirty_since(project) is not None and not services.queue.postponed(project):
            services.queue.enqueue(JobKind.RUN, project)


def refresh(project_id: int) -> None:
    """RQ job: give the rest of the queue the active version's predictions until somebody is at work again."""
    with project_job(JobKind.REFRESH, project_id) as job, job.lease(0) as lease:
        project, services = job.project, job.services
        version = services.versions.active(project)
        mirrored = services.mirror.project(project)
        if lease is None or version is None or mirrored is None or mirrored.problem is not None:
            return
        if version.name != mirrored.active_version:
            # The active one's files are gone or damaged: a run makes the next.
            services.queue.hint(project)
            return

        runs_wait = partial(_runs_wait, job)
        try:
            labeling = config.read(mirrored.label_config)
            finished: Version | None = version
            if version.insight is None:
                data = services.datasets.read(project, labeling, services.backbones.get(version.backbone))
                finished = second_stage.run(job, version, data, held=lease.held, runs_wait=runs_wait)
            if finished is None:
                return
            identity = Identity(job, mirrored.created_at)
            done = refresh_stage.run(
                job, finished, labeling, lambda: not lease.held() or runs_wait() or identity.is_another()
            )
            if identity.is_another():
                # A run puts away what is kept under its number.
                services.queue.hint(project)
                return
        except LabelLoopError as error:
            # What is cut off is found again: as soon as it has been quiet for a while. What will not mend by itself is
            # the next run's to report.
            log.warning("refresh put off", reason=str(error))
            if isinstance(error, RetryLaterError):
                services.queue.touch(project)
            else:
                # Perhaps the project is gone: a run finds that out, and forgets it.
                services.queue.hint(project)
            return
        services.features.tidy(services.backbones.get(version.backbone))
        log.info("refreshed", tasks=done, version=version.name)


class Run:
    """One pass along the line."""

    def __init__(self, context: ProjectContext, lease: Lease) -> None:
        self.context = context
        self.project, self.services = context.project, context.services
        self.lease = lease
        self.stopwatch = Stopwatch(lease.check)

    def go(self) -> tuple[Version, Dataset] | None:
        """Run, and leave the queue's books in order whatever happens.

        Returns:
            The version that was published, if one was, and what it was made of.
        """
        queue, project = self.services.queue, self.project
        published: tuple[Version, Dataset] | None = None
        self._debounce()
        begun = time.monotonic()
        # The mark first: a run that is killed between the two must be found by one of them.
        if not queue.begin(project):
            queue.failing.note(project, KILLED)
        queue.clear_dirty(project)
        try:
            outcome, published = self._line_unless_gone()
        except Exception as error:
            reason = why_put_off(error)
            if reason is None:
                log.exception("run failed")
                failing = queue.failing.note(project, f"{type(error).__name__}: {error}")
                queue.pause(project, pause(failing.times))
                self._book(RunOutcome.FAILED)
                raise
            log.warning("run postponed", reason=reason)
            failing = queue.failing.note(project, reason)
            # Other projects have at least as much of the worker.
            took = min(time.monotonic() - begun, LONGEST_PAUSE)
            queue.postpone(project, max(min(pause(failing.times), RETRY_SECONDS), took))
            outcome = RunOutcome.MISSING if isinstance(error, MissingProjectError) else RunOutcome.POSTPONED
        self._book(outcome)
        return published

    def _book(self, outcome: RunOutcome) -> None:
        """Put how the run ended into the queue's books; its mark goes last, so that half a booking is taken up again.

        Raises:
            RedisError: Redis is away; the mark stays, or is lost with all else: the reconciler finds both.
        """
        queue, project = self.services.queue, self.project
        if outcome not in (RunOutcome.POSTPONED, RunOutcome.MISSING, RunOutcome.FAILED):
            queue.failing.clear(project)
        if outcome in (RunOutcome.PUBLISHED, RunOutcome.REJECTED):
            queue.touch(project)
        queue.end(project)
        done = self.stopwatch.done
        done.runs[outcome] = 1
        queue.count(done)

    def _line_unless_gone(self) -> tuple[RunOutcome, tuple[Version, Dataset] | None]:
        """The line; a project that Label Studio no longer has is forgotten, its files are kept for a while."""
        try:
            return self._line()
        except NotFoundError:
            departure.confirm(self.context)
        self.services.mirror.forget(self.project)
        log.warning("Label Studio no longer has the project; it is forgotten")
        return RunOutcome.FORGOTTEN, None

    def _line(self) -> tuple[RunOutcome, tuple[Version, Dataset] | None]:
        """Sync, embed, make a version, publish it: as far as there is reason to go on."""
        services, settings = self.services, self.services.settings
        with self.stopwatch.stage("sync"):
            synced = services.sync.run(self.project)
        if synced.labeling is None:
            return RunOutcome.UNSUPPORTED, None
        active = self._active(synced.state.model_version)
        data = self._embed_and_read(synced.labeling, self._backbone(active))
        if not len(data.task_ids):
            return RunOutcome.EMPTY, None
        changes = Changes.since(active, data, recorded_settings(settings, data), self._rejected(active))
        # Where the active version's files are gone or damaged, an earlier one stands in until the next is there.
        lost = active is not None and active.name != services.versions.active_name(self.project)
        if not (synced.version_wanted or lost or changes.call_for_version(settings.min_new_annotations)):
            self._put_back(active, synced.labeling)
            return RunOutcome.UNCHANGED, None
        version = make_version(data, active, settings, self.stopwatch, fresh=changes.call_for_head())
        logs.bind(version=version.name)
        self._save(version, active, synced.state.title)
        verdict = version.record.promotion
        if verdict is not None and verdict.blocked:
            log.warning("rejected", reason=verdict.text)
            services.versions.prune(self.project, settings.versions_kept)
            return RunOutcome.REJECTED, None
        self._publish(version, data, synced)
        return RunOutcome.PUBLISHED, (version, data)

    def _embed_and_read(self, labeling: Labeling, backbone: Backbone, *, again: bool = False) -> Dataset:
        """The project with the features that there was time for; another run makes the rest."""
        services, settings = self.services, self.services.settings
        stage = embed.EmbedStage(
            self.project, services.mirror, services.image_embedder, backbone, partial(_runs_wait, self.context)
        )
        somebody_labels = services.queue.quiet_seconds(self.project) < settings.idle_seconds
        with self.stopwatch.stage("embed"):
            embedded = stage.run(settings.embed_seconds, somebody_labels=somebody_labels)
        self.stopwatch.done.images += embedded.images
        with self.stopwatch.stage("load"):
            data = services.datasets.read(self.project, labeling, backbone)
            services.mirror.record_label_counts(self.project, data.label_counts)
        if data.forgotten and not again:
            log.warning("features were lost; these images are embedded again", tasks=data.forgotten)
            return self._embed_and_read(labeling, backbone, again=True)
        if embedded.left:
            self._go_on_soon()
        return data

    def _go_on_soon(self) -> None:
        """Have another run follow; after those who wait for the worker, whatever they wait for."""
        queue = self.services.queue
        if queue.depth():
            queue.postpone(self.project, TURN_SECONDS)
        else:
            queue.hint(self.project)

    def _save(self, version: Version, active: Version | None, title: str) -> None:
        versions = self.services.versions
        with self.stopwatch.stage("save"):
            versions.save(self.project, version, figures(version, active))
        head_file = versions.head_file(self.project, version.name)
        heads.note(self.services.outbox, self.project, title, version, head_file)

    def _publish(self, version: Version, data: Dataset, synced: Synced) -> None:
        done, miscounted = self.stopwatch.done, synced.miscounted[:MOST_COUNTED_ANEW]
        assert synced.labeling is not None  # noqa: S101 - without one there is no version
        with self.stopwatch.stage("publish"):
            done.predictions = publish.run(
                self.context, version, synced.labeling, miscounted, self.lease.check, synced.state.model_version
            )
        log.info(
            "published",
            labels=len(data.labels),
            queue=len(version.task_ids),
            seconds={name: round(value, 3) for name, value in done.seconds.items()},
        )

    def _put_back(self, active: Version | None, labeling: Labeling) -> None:
        """Publish the head again where somebody deleted predictions; the refresh does the rest, at once."""
        if active is not None and stocktaking.run(self.context, active):
            publish.put_back(self.context, active, labeling)
            self.services.queue.enqueue(JobKind.REFRESH, self.project)

    def _active(self, shown: str) -> Version | None:
        """The active version; a run that was killed right after the switch is made good here."""
        versions = self.services.versions
        active = versions.active(self.project)
        newer = active is None or shown > active.name
        if newer and shown in versions.names(self.project):
            versions.activate(self.project, shown)
            active = versions.active(self.project)
        return active

    def _backbone(self, active: Version | None) -> Backbone:
        """The backbone to work with; where it is to change, the other one's features are made meanwhile."""
        provide.restore(self.services)
        choice = switch.choose(self.context, None if active is None else active.backbone)
        if choice.is_changing:
            self.services.queue.enqueue(JobKind.EMBED, self.project)
        return choice.current

    def _rejected(self, active: Version | None) -> Version | None:
        """The last version that was rejected in favour of the active one's head; None where its files are gone."""
        made = self.services.versions.history(self.project, REJECTED_AMONG) if active is not None else []
        names = [each.name for each in made if active is not None and was_rejected_for(active, each.figures)]
        try:
            return self.services.versions.load(self.project, names[-1]) if names else None
        except FileNotFoundError:
            return None

    def _debounce(self) -> None:
        pause = self.services.settings.debounce_seconds
        deadline = time.time() + DEBOUNCE_LIMIT * pause
        while (last := self.services.queue.dirty_since(self.project)) is not None:
            wait = min(last + pause, deadline) - time.time()
            if wait <= 0:
                return
            time.sleep(min(wait, pause))


def _runs_wait(context: ProjectContext) -> bool:
    """Whether a run waits. Other projects' runs count too: this worker may be the only one."""
    try:
        return context.services.queue.waiting(JobKind.RUN, context.project) or context.services.queue.runs_wait()
    except RedisError:
        return True
