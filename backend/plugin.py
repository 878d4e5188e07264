"""The service as a class of label-studio-ml, for those who host their backends with that package's own server.

`label-studio-ml start backend` needs none of this: it runs `_wsgi.py`. But
`label-studio-ml init DIR --script backend/plugin.py:LabelLoop` makes a folder whose server uses this class; start it
with this checkout on PYTHONPATH. Written for both shapes of the package: 1.0.9 makes models with
`(label_config, train_output, **more)` and calls `fit(tasks, workdir, event=…, data=…)`; 2.x makes them with
`(project_id, label_config)` and calls `fit(event, data)`.
"""

import inspect
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Any

from flask import Flask
from label_studio_ml import api
from label_studio_ml.model import LabelStudioMLBase

from backend.errors import RequestError
from backend.label_studio import webhook
from backend.web import payloads
from backend.web.app import app_of
from backend.web.service import WebService, start

KNOWS_PROJECT = "project_id" in inspect.signature(LabelStudioMLBase).parameters
"""Whether the package is 2.x, which makes a model for a project; 1.0.9 doesn't say which project it is for."""


class Hosted:
    """Our service, made at its first use: importing this module, as the package's commands do, starts nothing."""

    def __init__(self) -> None:
        self._made: tuple[WebService, Flask] | None = None
        self._making = Lock()

    @property
    def service(self) -> WebService:
        """What our application answers, without HTTP."""
        return self._make()[0]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request as the application does that gunicorn serves (WSGI)."""
        return self._make()[1].wsgi_app(environ, start_response)

    def _make(self) -> tuple[WebService, Flask]:
        with self._making:
            if self._made is None:
                service = start()
                self._made = service, app_of(service)
            return self._made


hosted = Hosted()

# The package's routes can't keep the contract: they name another version than the predictions do (1.0.9), drop events
# of new tasks, know no /versions by GET and no metrics. So its server gets our application as its only middleware.
api._server.wsgi_app = hosted


class LabelLoop(LabelStudioMLBase):  # type: ignore[misc] # the package has no types
    """Label Loop's answers, for one project.

    Address and token of Label Studio come from our settings: the constructor's are never used.
    """

    TRAIN_EVENTS = tuple(webhook.ACTIONS)
    """Every event is a hint that the project changed, not only those that the package takes for training."""

    def __init__(
        self,
        project_id: str | int | None = None,
        label_config: str | None = None,
        train_output: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:
        """Make the model as either shape of the package does.

        Args:
            project_id: of Label Studio, also as `"{id}.{created}"`; without it, tasks and events say it.
            label_config: the project's, as XML; without it, the one last seen in Label Studio.
            train_output: what `fit` returned; not needed.
            more: `hostname`, `access_token` and whatever else 1.0.9 hands on; not used.
        """
        self._project = payloads.project_number(project_id)
        if KNOWS_PROJECT:
            super().__init__(None if project_id is None else str(project_id), label_config)
        else:
            super().__init__(label_config=label_config, train_output=train_output, **more)

    def setup(self) -> None:
        """Have the package name the project's active version; 2.x calls this on making the model."""
        asked = payloads.SetupRequest(project=self._project, label_config=self.label_config or "")
        self.set("model_version", hosted.service.setup(asked))

    def predict(
        self,
        tasks: list[dict[str, Any]],
        context: Mapping[str, Any] | None = None,  # noqa: ARG002 - the package's signature
        **more: Any,  # noqa: ARG002
    ) -> list[dict[str, Any]]:
        """One prediction per task, in order.

        Args:
            tasks: as Label Studio sends them.
            context: of interactive labeling; not used.
            more: `login`, `password` and whatever else Label Studio sends; not used.

        Raises:
            RequestError: `tasks` is no list of objects.
        """
        project = self._project if self._project is not None else _project_of(tasks)
        asked = payloads.read_predict({"tasks": tasks, "project": project, "label_config": self.label_config})
        return hosted.service.predict(asked)[1]

    def fit(
        self,
        tasks: Any = (),
        data: Any = None,
        *,
        event: str | None = None,
        **more: Any,  # noqa: ARG002 - the package's signature
    ) -> dict[str, str]:
        """Have a run look at the event's project; the worker trains, not the caller.

        Args:
            tasks: the event's name in 2.x, nothing in 1.0.9.
            data: the event's payload.
            event: the event's name in 1.0.9; 2.x may name it too.
            more: `workdir`, `job_id` and whatever else the package hands on; not used.

        Returns:
            What `/webhook` answers.

        Raises:
            RequestError: there is no event, or its payload names no project.
            RedisError: Redis does not answer.
        """
        name = tasks if isinstance(tasks, str) else event
        if name is None:
            raise RequestError("fit needs an event: annotations are read from Label Studio, not from arguments.")
        # 1.0.9 calls this in a process that ends with it, so nothing may be left to a thread.
        hosted.service.take(webhook.read({"project": self._project, **(data or {}), "action": name}), at_once=True)
        return {"status": "ok"}


def _project_of(tasks: Any) -> Any:
    """The project that Label Studio writes into each task, if it does."""
    first = tasks[0] if isinstance(tasks, list) and tasks else None
    return first.get("project") if isinstance(first, dict) else None
