"""The Flask application: routes and error pages, nothing else."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from flask import Flask, Response, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from werkzeug.exceptions import HTTPException, NotFound

from backend import __version__, logs
from backend.errors import LabelLoopError, RequestError, UnsupportedConfigError
from backend.finetune import requests
from backend.label_studio import config, webhook
from backend.services import Services
from backend.settings import Settings, load
from backend.store.finetunings import Wish
from backend.store.mirror import NOT_CONNECTED, MirroredProject
from backend.store.versions import NO_VERSION
from backend.web import auth, autolabel, finetune, payloads, predictor, projects
from backend.web import insight as insights
from backend.web.hints import Hints
from backend.web.metrics import Telemetry
from backend.web.reconciler import Reconciler
from backend.web.state import State
from model import holdout

MOST_BODY_BYTES = 256_000_000
ROUTES = "label_loop"
"""Name under which the application's `extensions` hold its `Routes`."""

log = logs.get()


def create_app(settings: Settings | None = None) -> Flask:
    """The service, with its watching threads started."""
    settings = settings or load()
    logs.configure(settings)
    services = Services(settings)
    services.migrate()
    state = State(services)
    app = Flask("label-loop")
    app.config["MAX_CONTENT_LENGTH"] = MOST_BODY_BYTES
    Routes(services, state).register(app)
    state.start(Reconciler(services).step)
    return app


class Routes:
    """What Label Studio and operators call."""

    def __init__(self, services: Services, state: State) -> None:
        self._services = services
        self._state = state
        self._hints = Hints(services.queue.hint)
        self._predictor = predictor.Predictor(services)
        self._telemetry = Telemetry(state)

    def register(self, app: Flask) -> None:
        """Add all routes, the authentication and the error pages."""
        app.extensions[ROUTES] = self
        app.before_request(self._authenticate)
        app.add_url_rule("/", view_func=self.health)
        app.add_url_rule("/health", view_func=self.health)
        app.add_url_rule("/setup", view_func=self._timed(self.setup), methods=["POST"])
        app.add_url_rule("/predict", view_func=self._timed(self.predict), methods=["POST"])
        app.add_url_rule("/webhook", view_func=self._timed(self.take_event), methods=["POST"])
        app.add_url_rule("/versions", view_func=self.versions, methods=["GET", "POST"])
        app.add_url_rule("/api/projects/<int:number>/versions/<name>", view_func=self.version)
        app.add_url_rule("/api/projects/<int:number>/insight", view_func=self.insight)
        app.add_url_rule("/metrics", view_func=self.metrics)
        app.register_blueprint(autolabel.blueprint(self._services))
        app.register_blueprint(finetune.blueprint(self._services))
        app.register_error_handler(RequestError, lambda error: _error(str(error), 400))
        app.register_error_handler(HTTPException, _refused)
        app.register_error_handler(Exception, _unexpected)

    def stop(self) -> None:
        """End the threads that watch and hand events on; the reconciler of another process finds what is left."""
        self._state.stop()
        self._hints.stop()

    def _authenticate(self) -> Response | None:
        if request.path == "/health" or auth.allowed(request, self._services.settings):
            return None
        response = _error("Log in with the backend's user and password, or send the webhook secret.", 401)
        response.headers["WWW-Authenticate"] = 'Basic realm="Label Loop"'
        return response

    def health(self) -> Response:
        """Whether the service is up, and one line for each thing that is missing."""
        seen = self._state.snapshot
        return jsonify(
            status="UP",
            version=__version__,
            problems=self._state.problems(),
            workers=seen.workers,
            training_workers=list(seen.training_workers),
            label_studio={
                "url": self._services.settings.label_studio_url,
                "reachable": seen.probed and seen.label_studio_problem is None,
                "error": seen.label_studio_problem,
            },
        )

    def setup(self) -> Response:
        """Name the project's version; never fails, whatever the label config."""
        return jsonify(model_version=self.prepare(payloads.read_setup(request.get_json(silent=True))))

    def prepare(self, asked: payloads.Setup) -> str:
        """The project's version; a run is asked for where the project or its label config is new."""
        if asked.project is None:
            return NO_VERSION
        if asked.label_config:
            try:
                config.read(asked.label_config)
            except UnsupportedConfigError as error:
                log.warning("label config not supported", project=asked.project, reason=str(error))
        known = self._state.snapshot.projects.get(asked.project)
        if known is None or known.label_config != asked.label_config or known.problem is not None:
            self._hints.add(self._services.project(asked.project))
        return self._state.model_version(asked.project)

    def predict(self) -> Response:
        """One result per task, in order, all naming the version that `/setup` names."""
        version, results = self.answer(payloads.read_predict(request.get_json(silent=True)))
        return jsonify(results=results, model_version=version)

    def answer(self, asked: payloads.Predict) -> tuple[str, list[dict[str, Any]]]:
        """The project's version, and one result per task, in order."""
        number = -1 if asked.project is None else asked.project
        version = self._state.model_version(number)
        known = self._state.snapshot.projects.get(number)
        results = self._predict(number, version, known, asked)
        if known is not None and not all(answer["result"] for answer in results):
            # What could not be embedded in time is scored by a job.
            self._hints.add(known.project)
        self._telemetry.predictions.inc(len(results))
        return version, results

    def _predict(
        self, number: int, version: str, known: MirroredProject | None, asked: payloads.Predict
    ) -> list[dict[str, Any]]:
        try:
            labeling = config.read(asked.label_config or (known.label_config if known else ""))
            return self._predictor.predict(self._services.project(number), version, labeling, asked.tasks)
        except UnsupportedConfigError as error:
            log.warning("nothing can be predicted", project=number, reason=str(error))
        except Exception:
            # One failing part must not cost Label Studio the whole batch.
            log.exception("prediction failed", project=number)
        return [predictor.empty(version) for _ in asked.tasks]

    def take_event(self) -> Response:
        """Note that a project may have changed; what changed is pulled by a run."""
        self.note(webhook.read(request.get_json(silent=True)))
        return jsonify(status="ok")

    def note(self, event: webhook.Event, *, at_once: bool = False) -> None:
        """Have the event's project looked at, unless the event is of our own making; all, where it does not say which.

        Args:
            event: what happened.
            at_once: have it in Redis before returning, instead of leaving that to a thread.
        """
        self._telemetry.events.labels(event.action if event.action in webhook.ACTIONS else "other").inc()
        deliver = self._services.queue.hint if at_once else self._hints.add
        for number in self._meant(event):
            deliver(self._services.project(number))
        if event.action == webhook.START_TRAINING and self._services.settings.finetune_on_start_training:
            self._finetune(event.project_id)

    def _finetune(self, number: int | None) -> None:
        """Begin a fine-tuning of a project that we know, unless one is under way."""
        known = None if number is None else self._state.snapshot.projects.get(number)
        if known is not None and requests.refusal(self._services.finetunings.all(known.project)) is None:
            requests.begin(known.project, self._services, Wish(trigger=webhook.START_TRAINING))

    def _meant(self, event: webhook.Event) -> list[int]:
        """Projects that an event gives reason to look at."""
        if event.project_id is not None:
            return [] if self._is_our_own_write(event) else [event.project_id]
        if event.action == webhook.PROJECT_UPDATED:
            # Without payload it can't be told from our own writes; the next poll finds what somebody else changed.
            return []
        return [number for number, known in self._state.snapshot.projects.items() if known.problem != NOT_CONNECTED]

    def _is_our_own_write(self, event: webhook.Event) -> bool:
        """An automatic annotation, or a project's change that left the label config as our switch to a version does."""
        if event.automatic:
            return True
        known = None if event.project_id is None else self._state.snapshot.projects.get(event.project_id)
        return (
            event.action == webhook.PROJECT_UPDATED
            and known is not None
            and known.problem is None
            and known.active_version is not None
            and event.label_config == known.label_config
        )

    def versions(self) -> Response:
        """Names of a project's versions, oldest first; of all projects when none is named."""
        body = request.get_json(silent=True)
        asked = request.args.get("project") or (body.get("project") if isinstance(body, dict) else None)
        number = payloads.project_number(asked)
        if asked is not None and number is None:
            raise RequestError(f'"{asked}" is no project number.')
        numbers = sorted(self._state.snapshot.projects) if number is None else [number]
        store = self._services.versions
        return jsonify(versions=[name for each in numbers for name in store.names(self._services.project(each))])

    def version(self, number: int, name: str) -> Response:
        """What made a version: labels, annotations, settings, evaluation."""
        project = self._services.project(number)
        if name not in self._services.versions.names(project):
            raise NotFound(f"Project {number} has no version {name!r}.")
        try:
            version = self._services.versions.load(project, name)
        except FileNotFoundError as error:
            raise NotFound(f"The files of version {name!r} are not kept any more.") from error
        labels = version.record["labels"]
        tasks = np.union1d(version.task_ids, np.array([label[0] for label in labels], dtype=np.int64))
        in_holdout = holdout.in_holdout(
            holdout.hash_positions(project.key, tasks), version.record["settings"]["arm_share"]
        )
        return jsonify(
            name=name,
            labels=len(labels),
            queue=len(version.task_ids),
            task_ids=[label[0] for label in labels],
            annotation_ids=[annotation for label in labels for annotation in label[2]],
            holdout=tasks[in_holdout].tolist(),
            strategy=version.record["strategy"],
            settings=version.record["settings"],
            metrics=version.record["evaluation"],
            promotion=version.record.get("promotion"),
            second_stage=version.insight is not None,
            seconds=version.record["seconds"],
        )

    def insight(self, number: int) -> Response:
        """Honest figures of a project: accuracy now and by version, labels saved, what going on would bring."""
        return jsonify(insights.answer(projects.known(self._services, number), self._services))

    def metrics(self) -> Response:
        """Prometheus's text format."""
        return Response(generate_latest(self._telemetry.registry), content_type=CONTENT_TYPE_LATEST)

    def _timed(self, view: Callable[[], Response]) -> Callable[[], Response]:
        seconds = self._telemetry.seconds.labels(view.__name__)

        @wraps(view)
        def timed() -> Response:
            with seconds.time():
                return view()

        return timed


def _error(message: str, code: int) -> Response:
    response = jsonify(error=message)
    response.status_code = code
    return response


def _refused(error: HTTPException) -> Response:
    return _error(error.description or error.name, error.code or 500)


def _unexpected(error: Exception) -> Response:
    if isinstance(error, LabelLoopError):
        log.error("request failed", path=request.path, reason=str(error))
        return _error(str(error), 503)
    log.exception("request failed", path=request.path)
    return _error("Something unexpected went wrong; the backend's log says what.", 500)
