"""Fine-tuning for one project: the training worker's RQ job, from a request to a judged backbone.

It leaves the project alone: the loop goes on meanwhile on the features that it has. How far it is stands in the store,
and each step's result on the disk: a job that was killed is begun again by the reconciler, and goes on from there.
"""

import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from redis.exceptions import RedisError

from backend import logs
from backend.backbones import switch
from backend.errors import LabelLoopError, RetryLaterError
from backend.finetune import collect, compare, training_set
from backend.finetune import train as finetune
from backend.finetune.train import PreviousNetwork, StartingPoint
from backend.finetune.training_set import TrainingSet
from backend.job import project_job, why_put_off
from backend.label_studio import config
from backend.label_studio.config import Labeling
from backend.project import Project
from backend.queue.jobs import JobKind
from backend.queue.lease import LeaseKind
from backend.queue.progress import show_progress
from backend.services import ProjectContext, Services
from backend.store.dataset import Dataset
from backend.store.records.finetuning import AT_WORK, FinetunePhase, Finetuning
from backend.tracking import finetunings
from model.arrays import BoolArray
from model.errors import CancelledError, ModelError
from model.training.history import Epoch

DATA_WAIT_SECONDS = 60.0
UNEXPECTED = "Something unexpected went wrong; the training worker's log says what."
SAVE_SECONDS = 1.0
CHUNK = 64
"""Images embedded between two looks at whether it was cancelled."""

log = logs.get()


def run(project_id: int) -> None:
    """RQ job: go on with the project's fine-tuning until its backbone is judged."""
    with project_job(JobKind.FINETUNE, project_id) as job, job.lease(kind=LeaseKind.FINETUNING) as lease:
        state = job.services.finetunings.open(job.project)
        if lease is not None and state is not None and state.phase in AT_WORK:
            Finetuner(job, state).go()


@dataclass
class Finetuner:
    """One project's fine-tuning.

    Attributes:
        state: how far it is.
    """

    context: ProjectContext
    state: Finetuning
    _saved_at: float = field(default=0.0, init=False)

    @property
    def project(self) -> Project:
        """The project whose backbone it is."""
        return self.context.project

    @property
    def services(self) -> Services:
        """The outside world."""
        return self.context.services

    def go(self) -> None:
        """Go on from where it is.

        Raises:
            RetryLaterError: Label Studio does not answer; later it goes on from where it is.
        """
        try:
            self._steps()
        except (RetryLaterError, RedisError):
            raise
        except CancelledError:
            self._save(phase=FinetunePhase.CANCELLED, message="Cancelled; the backbone in use stays.")
        except (LabelLoopError, ModelError) as error:
            log.warning("fine-tuning refused", reason=str(error))
            self._save(phase=FinetunePhase.REFUSED, message=str(error))
        except Exception as error:
            if why_put_off(error) is not None:
                raise
            log.exception("fine-tuning failed")
            self._save(phase=FinetunePhase.FAILED, message=UNEXPECTED)
        services = self.services
        finetunings.note(services.outbox, services.mirror, services.backbones, self.project, self.state)
        if self.state.phase is FinetunePhase.EMBEDDING:
            self.services.queue.enqueue(JobKind.EMBED, self.project)

    def _steps(self) -> None:
        labeling = self._labeling()
        start = self._start(labeling)
        self._train(start, self._collect(start, labeling))
        self._judge(labeling)

    def _labeling(self) -> Labeling:
        mirrored = self.services.mirror.project(self.project)
        return config.read(mirrored.label_config if mirrored is not None else "")

    def _data(self, labeling: Labeling) -> Dataset:
        """The project as it is now; read under its lease, for what is missing is made and kept."""
        with self.services.queue.lease(self.project, DATA_WAIT_SECONDS) as lease:
            if lease is None:
                raise RetryLaterError("The loop works on the project without a pause; the fine-tuning waits.")
            return self.services.datasets.read(self.project, labeling, switch.current(self.context))

    def _start(self, labeling: Labeling) -> StartingPoint:
        """What to begin with; settled when it begins, so that a job that is taken up again finds the same."""
        services, request = self.services, self.state.request
        origin = finetune.origin(request.network, services.backbones.origin)
        recipe = finetune.recipe(origin, request.options, services.settings.seed)
        if self.state.phase is not FinetunePhase.WAITING:
            return StartingPoint(recipe, origin.weights, self._before(self.state.warm_from, labeling))
        adopted = None if request.fresh else services.finetunings.adopted(self.project, self.state.base)
        start = StartingPoint(recipe, origin.weights, self._before(adopted, labeling))
        if not start.fits:
            start = replace(start, before=None)
        self._save(
            phase=FinetunePhase.COLLECTING,
            network=recipe.network,
            warm_from=start.before.folder.name if start.before is not None else "",
            epochs=start.epochs,
            started_at=datetime.now(UTC).isoformat(),
        )
        return start

    def _before(self, version: str | None, labeling: Labeling) -> PreviousNetwork | None:
        return PreviousNetwork.of(version, self.services.backbones, labeling.current) if version else None

    def _collect(self, start: StartingPoint, labeling: Labeling) -> TrainingSet:
        folder = self.services.finetunings.home(self.project, self.state) / "data"
        if folder.exists():
            return training_set.load(folder)
        data = self._data(labeling)
        self._save(labels=int(data.labelled.sum()))
        chosen = training_set.choose(data, self._held(data))
        return collect.run(self.context, chosen, start.side, folder, self._collected)

    def _held(self, data: Dataset) -> BoolArray:
        """(n,) tasks that no backbone learns from."""
        learned = self.services.backbones.learned(data.backbone)
        return training_set.validation(self.project, data, self.services.settings.near_duplicate, learned)

    def _collected(self, done: int, total: int) -> None:
        self._stop_if_cancelled()
        if time.monotonic() - self._saved_at > SAVE_SECONDS:
            self._save(done=done, total=total, message=f"{done} of {total} images are here.")

    def _train(self, start: StartingPoint, images: TrainingSet) -> None:
        if self.state.phase is FinetunePhase.JUDGING:
            return
        train, validate = len(images.split.train), len(images.split.validation)
        message = f"Trains {start.recipe.network} on {train} images; the best epoch is chosen by {validate} others."
        self._save(phase=FinetunePhase.TRAINING, images=(train, validate), message=message, done=0, total=0)
        home = self.services.finetunings.home(self.project, self.state)
        store = self.services.finetunings
        trained = finetune.run(
            start,
            images,
            home / "network",
            self._finish_epoch,
            lambda: store.is_cancelled(self.project, self.state),
        )
        learned = {**(start.before.learned if start.before is not None else {}), **images.learned}
        backbone = finetune.keep(trained.network, learned, home / "network", self.services.backbones)
        log.info("trained", backbone=backbone.version, epochs=len(trained.history))
        message = f"{backbone.version} is trained, and judged on labels that no backbone learned from."
        # Of an epoch right before a kill the checkpoint may know, and the state not.
        self._save(
            phase=FinetunePhase.JUDGING,
            backbone=backbone.version,
            history=trained.history,
            seconds_left=None,
            message=message,
        )

    def _finish_epoch(self, epoch: Epoch, seconds_left: float) -> None:
        before = [each for each in self.state.history if each.number < epoch.number]
        self._save(history=(*before, epoch), seconds_left=seconds_left)
        losses = {"train_loss": epoch.train_loss, "validation_loss": epoch.validation_loss}
        show_progress(epoch.number, self.state.epochs, JobKind.FINETUNE, seconds_left=seconds_left, **losses)

    def _judge(self, labeling: Labeling) -> None:
        services = self.services
        data = self._data(labeling)
        backbone = services.backbones.get(self.state.backbone)
        labelled = data.task_ids[data.labelled].tolist()
        tasks = services.mirror.tasks(self.project, labelled)
        for start in range(0, len(tasks), CHUNK):
            self._stop_if_cancelled()
            services.image_embedder.embed_tasks(self.project, backbone, tasks[start : start + CHUNK])
        # Read anew: an image may have become another one since it was last looked at.
        features = services.features.of_tasks(backbone, services.mirror.tasks(self.project, labelled))
        verdict = compare.run(data, features, self._held(data), self.services.settings.seed)
        log.info("judged", text=verdict.text)
        said = f"{backbone.version} is {verdict.text}."
        self._save(verdict=verdict)
        if verdict.blocked:
            self._save(phase=FinetunePhase.REJECTED, message=f"{said} The backbone in use stays.")
            switch.forget(self.context, {backbone.version})
            return
        self._save(phase=FinetunePhase.EMBEDDING, message=said)

    def _stop_if_cancelled(self) -> None:
        if self.services.finetunings.is_cancelled(self.project, self.state):
            raise CancelledError("The fine-tuning was cancelled.")

    def _save(self, **changes: object) -> None:
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]
        self.services.finetunings.save(self.project, self.state)
        self._saved_at = time.monotonic()
