"""What the web process does for Label Studio: names a project's version, predicts, and acts on events.

There is no HTTP in here: the routes call it, and so does `backend.plugin`.
"""

from backend import logs
from backend.errors import UnsupportedConfigError
from backend.finetune import requests
from backend.label_studio import config, webhook
from backend.label_studio.client import Json
from backend.project import Project
from backend.services import ProjectContext, Services
from backend.settings import Settings, load
from backend.store import features
from backend.store.records.finetuning import FinetuneRequest
from backend.store.records.mirror import NOT_CONNECTED, MirroredProject
from backend.store.versions import NO_VERSION
from backend.web.health.metrics import Metrics
from backend.web.health.problem import Problem
from backend.web.health.status import Status
from backend.web.health.status_board import StatusBoard
from backend.web.payloads import PredictRequest, SetupRequest
from backend.web.prediction import predictor
from backend.web.prediction.loaded_versions import LoadedVersions
from backend.web.prediction.predictor import Predictor
from backend.web.prediction.request_features import RequestFeatures
from backend.web.upkeep.background import Background
from backend.web.upkeep.hints import Hints, projects_hinted_at
from backend.web.upkeep.newcomers import Newcomers
from backend.web.upkeep.reconciler import Reconciler
from backend.web.upkeep.sweeping import Sweeping

PROJECTS_SECONDS = 0.25
"""How often the active versions are read: a new one is named at most this much later."""

CHECK_SECONDS = 3.0
"""How often everything else is checked."""

SWEEP_SECONDS = 300.0
"""How often is looked whether it is time to sweep."""

log = logs.get()


def start(settings: Settings | None = None) -> "WebService":
    """Make the service and start its threads.

    Args:
        settings: None for those of the environment.

    Raises:
        SQLAlchemyError: the database does not answer.
    """
    settings = settings or load()
    logs.configure(settings)
    services = Services(settings)
    services.migrate()
    service = WebService(services)
    service.start()
    return service


class WebService:
    """The web process without its HTTP. Safe to use from several threads.

    Attributes:
        services: the outside world.
        metrics: what `/metrics` shows.
    """

    def __init__(self, services: Services) -> None:
        self.services = services
        self._board = StatusBoard(services)
        self.metrics = Metrics(self._board)
        self._predictor = _predictor(services)
        self._hints = Hints(services.queue.hint)
        self._newcomers = Newcomers(
            services.label_studio.existing_projects, lambda number: self._hints.add(services.project(number))
        )
        self._reconciler = Reconciler(services)
        self._sweeping = Sweeping(services)
        self._background = Background()

    @property
    def status(self) -> Status:
        """The backend's surroundings as last seen; never waits."""
        return self._board.status

    def problems(self) -> list[Problem]:
        """What is wrong now; never waits."""
        return self._board.problems()

    def start(self) -> None:
        """Start all threads: they watch the surroundings, deliver hints, and find lost work."""
        # The first request after a restart must already name the active version.
        self._board.read_projects()
        self._background.run(features.load_library)
        self._background.run(self.services.decoders.warm_up)
        self._background.keep(self._hints.run)
        self._background.keep(self._newcomers.run)
        self._background.repeat(self._board.read_projects, PROJECTS_SECONDS)
        self._background.repeat(self._board.check_surroundings, CHECK_SECONDS)
        self._background.repeat(self._board.read_stores, CHECK_SECONDS)
        self._background.repeat(self._reconciler.step, CHECK_SECONDS)
        self._background.repeat(self._sweeping.step, SWEEP_SECONDS)

    def stop(self) -> None:
        """Stop all threads; whatever is left undone, the next process's reconciler finds."""
        self._background.stop()
        self._hints.stop()
        self.services.decoders.close()
        self._board.leave()
        self._newcomers.stop()

    def setup(self, asked: SetupRequest) -> str:
        """Name the project's version, whatever the label config; a new project or label config is a hint.

        Label Studio calls it whenever somebody lists a project's connections, our own runs included.
        """
        if asked.project is None:
            return NO_VERSION
        known = self.status.projects.get(asked.project)
        if known is None:
            self._newcomers.add(asked.project)
        elif known.problem == NOT_CONNECTED or asked.label_config not in ("", known.label_config):
            self._hints.add(known.project)
        return self.status.active_version(asked.project)

    def predict(self, asked: PredictRequest) -> tuple[str, list[Json]]:
        """Predict; never raises, whatever the tasks and their images are like.

        Returns:
            The project's version, and one result per task, in order, all naming that version.
        """
        number = -1 if asked.project is None else asked.project
        status = self.status
        version, known = status.active_version(number), status.projects.get(number)
        results = self._results(self.services.project(number), version, known, asked)
        if known is not None and not all(each["result"] for each in results):
            # What could not be embedded in time is scored by a job.
            self._hints.add(known.project)
        self.metrics.predictions.inc(len(results))
        return version, results

    def _results(
        self, project: Project, version: str, known: MirroredProject | None, asked: PredictRequest
    ) -> list[Json]:
        try:
            labeling = config.read(asked.label_config or (known.label_config if known else ""))
            return self._predictor.predict(project, version, labeling, asked.tasks)
        except UnsupportedConfigError as error:
            log.warning("nothing can be predicted", project=project.id, reason=str(error))
        except Exception:
            # One failing part must not cost Label Studio the whole batch.
            log.exception("prediction failed", project=project.id)
        return [predictor.empty(version) for _ in asked.tasks]

    def take(self, event: webhook.Event, *, at_once: bool = False) -> None:
        """Queue a run of each project that an event hints at, and what else the event asks for.

        Args:
            event: what happened.
            at_once: write to Redis before returning, instead of leaving that to a thread.

        Raises:
            RedisError: with `at_once`, Redis does not answer.
        """
        self.metrics.count_event(event.action)
        deliver = self.services.queue.hint if at_once else self._hints.add
        known = self.status.projects
        for number in projects_hinted_at(event, known):
            if number in known or (at_once and self._newcomers.ask(number)):
                deliver(self.services.project(number))
            elif not at_once:
                self._newcomers.add(number)
        if event.action == webhook.START_TRAINING and self.services.settings.finetune_on_start_training:
            self._finetune(event.project_id)

    def _finetune(self, number: int | None) -> None:
        """Begin a fine-tuning of a known project, unless one is under way."""
        known = None if number is None else self.status.projects.get(number)
        if known is not None and requests.refusal(self.services.finetunings.all(known.project)) is None:
            context = ProjectContext(known.project, self.services)
            requests.begin(context, FinetuneRequest(trigger=webhook.START_TRAINING))

    def versions(self, number: int | None) -> list[str]:
        """Names of a project's whole versions, oldest first; of all projects where none is named."""
        numbers = sorted(self.status.projects) if number is None else [number]
        return [name for each in numbers for name in self.services.versions.names(self.services.project(each))]


def _predictor(services: Services) -> Predictor:
    features = RequestFeatures(
        mirror=services.mirror,
        stored=services.features,
        fetcher=services.images,
        embedder=services.image_embedder,
        seconds=services.settings.predict_seconds,
    )
    return Predictor(LoadedVersions(services.versions), services.backbones, features, services.autolabelings)
