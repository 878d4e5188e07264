"""What Label Studio's own page asks, which its SDK does not know, and what the backend tells of its versions."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from scripts.stack.errors import RefusedError, StackError
from scripts.stack.http import local_session

Json = dict[str, Any]

# A server that is being started again is waited for; a request that it may have taken is never sent twice.
PATIENCE = Retry(connect=15, read=0, status=0, other=0, backoff_factor=0.5, backoff_max=5.0)
TIMEOUT_SECONDS = 120.0
PAGE_TASKS = 1000
EMBEDDED = "label_loop_images_embedded_total"


@dataclass(frozen=True)
class ShownPrediction:
    """What Label Studio holds about a task from one version.

    Attributes:
        version: its `model_version`.
        score: rank score, low first; None where it has none.
        choice: the pre-annotated class, or None for an empty result.
        id: Label Studio's number of it; None for one that Label Studio does not have.
    """

    version: str
    score: float | None
    choice: str | None
    id: int | None = None


@dataclass(frozen=True)
class HandedTask:
    """A task as Label Studio's *next task* hands it out.

    Attributes:
        task: its id.
        queue: Label Studio's words for how it was chosen.
        predictions: all that the task has.
    """

    task: int
    queue: str
    predictions: tuple[ShownPrediction, ...]

    @property
    def newest(self) -> int | None:
        """Id of the prediction that the page begins an annotation from; None where there is none."""
        return self.predictions[-1].id if self.predictions else None

    def of(self, version: str) -> ShownPrediction | None:
        """The newest prediction of a version, if there is one."""
        return next((each for each in reversed(self.predictions) if each.version == version), None)


class LabelStudioPage:
    """Label Studio's API as its labelling page uses it, on one project.

    Args:
        url: of Label Studio, without a trailing slash.
        token: legacy token of the annotator.
        project: the project's id.
    """

    def __init__(self, url: str, token: str, project: int) -> None:
        self._url = url
        self.project = project
        self._http = local_session()
        self._http.headers["Authorization"] = f"Token {token}"
        self._http.mount("http://", HTTPAdapter(max_retries=PATIENCE))

    def active_version(self) -> str:
        """The project's `model_version`; empty where it has none."""
        answer = self._ask("GET", f"/api/projects/{self.project}", params={"include": "model_version"})
        return str(answer["model_version"] or "")

    def details(self) -> Json:
        """The whole project."""
        answer: Json = self._ask("GET", f"/api/projects/{self.project}")
        return answer

    def next_task(self) -> HandedTask | None:
        """What the page asks for under *Label All Tasks*: the next task, locked for us; None where none is left."""
        parameters = {"id": "next_task", "project": self.project}
        answer = self._send("POST", "/api/dm/actions", params=parameters, json={})
        if answer.status_code == 404:
            return None
        task = _checked(answer)
        predictions = sorted(task["predictions"], key=lambda prediction: int(prediction["id"]))
        return HandedTask(task["id"], task["queue"], tuple(_prediction(each) for each in predictions))

    def lowest_score(self) -> float | None:
        """Lowest rank score that the active version gives an unlabelled task; None where it gave none.

        Tasks locked by others are in it: the API does not tell locks. The demo's annotator is the only one.
        """
        query = {"filters": _labelled(False), "ordering": ["tasks:predictions_score"]}
        parameters = {"project": self.project, "page_size": 1, "query": json.dumps(query), "fields": "task_only"}
        tasks = self._ask("GET", "/api/tasks", params=parameters)["tasks"]
        return tasks[0]["predictions_score"] if tasks else None

    def submit(self, task: int, result: Sequence[Json], lead_time: float, begun_from: int | None = None) -> int:
        """Make an annotation as the button *Submit* does; returns its id.

        Args:
            task: that is labelled.
            result: regions.
            lead_time: seconds that a person worked on it.
            begun_from: id of the prediction that the page showed; None for none.

        Raises:
            RefusedError: Label Studio does not take it, e.g. because that prediction is gone.
            StackError: Label Studio does not answer.
        """
        body = {"result": list(result), "lead_time": lead_time, "draft_id": 0, "project": self.project}
        if begun_from is not None:
            body["parent_prediction"] = begun_from
        path = f"/api/tasks/{task}/annotations/"
        return int(self._ask("POST", path, params={"project": self.project}, json=body)["id"])

    def labelled_tasks(self) -> set[int]:
        """Ids of the tasks that have an annotation."""
        query = {"filters": _labelled(True)}
        found: set[int] = set()
        for page in range(1, 1_000_000):
            parameters = {"project": self.project, "page": page, "page_size": PAGE_TASKS, "query": json.dumps(query)}
            answer = self._ask("GET", "/api/tasks", params=parameters | {"fields": "task_only"})
            found.update(int(task["id"]) for task in answer["tasks"])
            if page * PAGE_TASKS >= answer["total"]:
                break
        return found

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        return _checked(self._send(method, path, **options))

    def _send(self, method: str, path: str, **options: Any) -> requests.Response:
        try:
            return self._http.request(method, self._url + path, timeout=TIMEOUT_SECONDS, **options)
        except requests.RequestException as problem:
            raise StackError(
                f"Label Studio did not answer {method} {path}: {problem}. See label-studio.log."
            ) from problem


class BackendPage:
    """What the backend tells about one project.

    Args:
        url: of the backend, without a trailing slash.
        basic_auth: user and password, or None.
        project: Label Studio's id of the project.
    """

    def __init__(self, url: str, basic_auth: tuple[str, str] | None, project: int) -> None:
        self._url = url
        self._project = project
        self._http = local_session()
        self._http.auth = basic_auth
        self._http.mount("http://", HTTPAdapter(max_retries=PATIENCE))

    def version(self, name: str) -> Json | None:
        """What a version was made of, or None where the backend has none of this name (yet)."""
        path = f"/api/projects/{self._project}/versions/{quote(name, safe='')}"
        answer = self._send("GET", path)
        return None if answer.status_code == 404 else _checked(answer)

    def finetune(self) -> None:
        """Ask for a fine-tuning of the project's backbone.

        Raises:
            StackError: the backend refuses it, or does not answer.
        """
        _checked(self._send("POST", f"/api/projects/{self._project}/finetune", json={"action": "start"}))

    def finetuning(self) -> Json:
        """How far the project's fine-tuning is."""
        status: Json = _checked(self._send("GET", f"/api/projects/{self._project}/finetune"))
        return status

    def images_embedded(self) -> int:
        """Images that the worker has looked at since its queue was made, over all projects."""
        metrics = self._send("GET", "/metrics").text
        lines = (line.split() for line in metrics.splitlines() if line.startswith(EMBEDDED))
        return next((int(float(words[-1])) for words in lines), 0)

    def predict(self, project: Json, tasks: Sequence[Json]) -> list[ShownPrediction]:
        """Ask for predictions as Label Studio does.

        Args:
            project: as `LabelStudioPage.details` gives it.
            tasks: each with `id` and `data`.

        Raises:
            StackError: not one result per task.
        """
        created = time_id(project["created_at"])
        body = {"tasks": list(tasks), "project": f"{self._project}.{created}", "label_config": project["label_config"]}
        results = _checked(self._send("POST", "/predict", json=body | {"params": {"context": None}}))["results"]
        if len(results) != len(tasks):
            raise StackError(f"The backend answered {len(results)} results to {len(tasks)} tasks. See backend.log.")
        return [_prediction(result) for result in results]

    def _send(self, method: str, path: str, **options: Any) -> requests.Response:
        try:
            return self._http.request(method, self._url + path, timeout=TIMEOUT_SECONDS, **options)
        except requests.RequestException as problem:
            raise StackError(f"The backend did not answer {method} {path}: {problem}. See backend.log.") from problem


def time_id(created_at: str) -> int:
    """Seconds since 1970 of Label Studio's time of creation: the second half of its project uid."""
    return int(datetime.fromisoformat(created_at).timestamp())


def _prediction(found: Json) -> ShownPrediction:
    choices = [choice for region in found["result"] for choice in region["value"].get("choices", [])]
    return ShownPrediction(
        str(found["model_version"]), found.get("score"), choices[0] if choices else None, found.get("id")
    )


def _labelled(is_labelled: bool) -> Json:
    """Data Manager filter for tasks that have an annotation, or have none.

    By the annotations themselves. A task's flag and counters may be wrong: an import of predictions that overlaps a
    Submit sets them back, and a Submit while any project is deleted leaves them as they were, for Label Studio takes
    all its signals off meanwhile.
    """
    item = {"filter": "filter:tasks:annotations_ids", "operator": "empty", "type": "String", "value": not is_labelled}
    return {"conjunction": "and", "items": [item]}


def _checked(answer: requests.Response) -> Any:
    if not answer.ok:
        where = f"{answer.request.method} {answer.request.url}"
        kind = RefusedError if answer.status_code < 500 else StackError
        raise kind(f"{where} was answered {answer.status_code}: {answer.text[:300]}")
    return answer.json()
