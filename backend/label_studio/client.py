"""The only HTTP to Label Studio's API."""

import base64
import json
import re
import threading
import time
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from itertools import islice
from typing import Any

import requests

from backend.causes.answers import cause_of_answer, cause_of_status, is_page
from backend.causes.exceptions import cause_of
from backend.causes.kinds import Cause, CauseKind
from backend.errors import ConflictError, LabelLoopError, NotFoundError, OperatorError, RetryLaterError
from backend.project import is_id
from backend.transport import deadline
from backend.transport.session import Session

PAGE_SIZE = 2_000
CONNECT_SECONDS = 5.0
READ_SECONDS = 120.0
TOTAL_SECONDS = 600.0
"""For one call, from connecting to the last byte of what it answers."""
TOKEN_SECONDS = 30.0
SHORT_SECONDS = 10.0
_TASK_FIELDS = "id,data,created_at,updated_at"
# `include` filters the fields of the nested annotations as well, so theirs are named here too.
_ANNOTATED_TASK_FIELDS = (
    f"{_TASK_FIELDS},total_annotations,annotations,result,was_cancelled,ground_truth,completed_by,lead_time,"
    "updated_by,parent_prediction,parent_annotation"
)

_LASTING = (CauseKind.REDIRECTED, CauseKind.TLS_NEEDED)
"""What lies between us and Label Studio until somebody changes an address."""

_STYLES = re.compile(r'<link href="(https?://[^"\s]+?)/static/css/main\.')
"""Label Studio's own stylesheet."""

Json = dict[str, Any]


@dataclass(frozen=True)
class ProjectState:
    """What Label Studio says of a project."""

    title: str
    label_config: str
    model_version: str
    sampling: str
    tasks: int
    annotations: int
    skipped: int
    created_at: str = ""


@dataclass(frozen=True)
class Connection:
    """An ML backend that is connected to a project.

    Attributes:
        title: of the connection.
        model_version: that the backend behind it named last.
    """

    title: str
    model_version: str


@dataclass(frozen=True)
class StoredPrediction:
    """A prediction as Label Studio holds it, whoever made it.

    Attributes:
        id: a page that began from it submits this number.
        task: of whose image it is.
        model_version: by whom it is.
        is_empty: whether it says nothing, so that a page shows no pre-annotation.
    """

    id: int
    task: int
    model_version: str
    is_empty: bool


class Token:
    """Makes the Authorization header from a legacy token or a personal access token.

    A personal access token is a refresh JWT: it is exchanged for an access token, which lives some minutes.
    """

    def __init__(self, url: str, token: str, http: Session) -> None:
        self._url = url
        self._token = token
        self._http = http
        self._personal = token.count(".") == 2
        self._access = ""
        self._expires = 0.0
        self._lock = threading.Lock()

    def header(self) -> str:
        """Value of the Authorization header.

        Raises:
            OperatorError: Label Studio refuses the personal access token.
            RetryLaterError: Label Studio does not answer.
        """
        if not self._personal:
            return f"Token {self._token}"
        with self._lock:
            if time.time() > self._expires - 30:
                self._exchange()
            return f"Bearer {self._access}"

    def _exchange(self) -> None:
        try:
            with deadline.within(TOKEN_SECONDS):
                answer = self._http.post(
                    f"{self._url}/api/token/refresh",
                    json={"refresh": self._token},
                    timeout=(CONNECT_SECONDS, TOKEN_SECONDS),
                    # The token is in the body, which a redirection would take anywhere.
                    allow_redirects=False,
                )
        except requests.RequestException as error:
            raise _no_answer(self._url, error) from error
        _check_origin(self._url, answer)
        if answer.status_code >= 500:
            raise RetryLaterError(f"Label Studio at {self._url} answered {answer.status_code} to the token exchange.")
        if answer.status_code != 200:
            raise OperatorError(
                f"Label Studio at {self._url} refuses the personal access token in LABEL_STUDIO_API_KEY: make a new "
                f"one on {self._url}/user/account. [{CauseKind.TOKEN_REFUSED}]",
                Cause(CauseKind.TOKEN_REFUSED, f"HTTP {answer.status_code}"),
            )
        try:
            self._access, self._expires = _access_token(answer)
        except (LookupError, TypeError, ValueError, ArithmeticError) as error:
            raise RetryLaterError(
                f"The answer of {self._url} to the token exchange is not what Label Studio sends: {answer.text[:100]}"
            ) from error


class LabelStudio:
    """A Label Studio server, as seen with one token. Safe to use from several threads."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._http = Session()
        self._token = Token(url, token, self._http)

    def request(
        self, method: str, path: str, *, stream: bool = False, seconds: float = TOTAL_SECONDS, **options: Any
    ) -> requests.Response:
        """Call Label Studio with our token.

        Args:
            method: of HTTP.
            path: below Label Studio's address.
            stream: leave the answer's body to be read by the caller, within a deadline of its own.
            seconds: that the call may take in all, whatever a proxy in between does to draw it out.
            options: of `requests`.

        Raises:
            RetryLaterError: no answer, a time-out, 429 or 5xx; a 404 that is not Label Studio's own, but for a stream.
            NotFoundError: 404.
            ConflictError: 409.
            OperatorError: 401, 403 or another 4xx, with Label Studio's words.
        """
        options.setdefault("timeout", (CONNECT_SECONDS, READ_SECONDS))
        headers = {"Authorization": self._token.header()}
        try:
            with deadline.within(seconds):
                answer = self._http.request(method, f"{self.url}{path}", headers=headers, stream=stream, **options)
        except requests.RequestException as error:
            raise _no_answer(self.url, error) from error
        if not stream:
            _check_origin(self.url, answer)
            _check_absence(f"{method} {path}", answer)
        if answer.status_code >= 400:
            raise _refusal(f"{method} {path}", answer)
        return answer

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        """The answer's JSON.

        Raises:
            RetryLaterError: also for an answer that was torn off: its length is not announced, so nothing else tells.
        """
        answer = self.request(method, path, **options)
        try:
            return answer.json()
        except requests.JSONDecodeError as error:
            raise RetryLaterError(f"Label Studio's answer to {method} {path} is torn off: {error}") from error

    def _ask_for(self, keys: Set[str], path: str, **options: Any) -> Json:
        """The JSON object that Label Studio sends for a GET.

        Raises:
            RetryLaterError: also for an answer without those keys: it comes from something in between.
        """
        body = self._ask("GET", path, **options)
        if not isinstance(body, dict) or not keys <= body.keys():
            raise RetryLaterError(f"The answer to GET {path} is not what Label Studio sends: {str(body)[:100]}")
        return body

    def project(self, project: int) -> ProjectState:
        """Title, label config, settings and counts of a project."""
        body = self._ask_for({"id", "label_config", "task_number"}, f"/api/projects/{project}")
        return ProjectState(
            title=str(body.get("title") or ""),
            label_config=str(body.get("label_config") or ""),
            model_version=str(body.get("model_version") or ""),
            sampling=str(body.get("sampling") or ""),
            tasks=int(body.get("task_number") or 0),
            annotations=int(body.get("total_annotations_number") or 0),
            skipped=int(body.get("skipped_annotations_number") or 0),
            created_at=str(body.get("created_at") or ""),
        )

    def existing_projects(self, numbers: Sequence[int]) -> set[int]:
        """Which of some numbers are those of projects that the token's user may see.

        Args:
            numbers: at most 100, as many as Label Studio lists on a page.
        """
        query = {"ids": ",".join(map(str, numbers)), "include": "id", "page_size": len(numbers)}
        body = self._ask("GET", "/api/projects", params=query)
        listed = body.get("results") if isinstance(body, dict) else None
        if not isinstance(listed, list):
            raise RetryLaterError(f"The answer to GET /api/projects is not what Label Studio sends: {str(body)[:100]}")
        return {each["id"] for each in listed if isinstance(each, dict) and is_id(each.get("id"))}

    def connections(self, project: int) -> list[Connection]:
        """The ML backends that are connected to a project; Label Studio asks each for its version first."""
        body = self._ask("GET", "/api/ml", params={"project": project})
        listed = body.get("results") if isinstance(body, dict) else body
        if not isinstance(listed, list):
            raise RetryLaterError(f"The answer to GET /api/ml is not what Label Studio sends: {str(body)[:100]}")
        return [Connection(str(each.get("title") or ""), str(each.get("model_version") or "")) for each in listed]

    def all_tasks(self, project: int) -> Iterator[Json]:
        """Every task of a project, without its annotations."""
        return self._tasks(project, _TASK_FIELDS, "task_only", {})

    def changed_tasks(self, project: int, since: datetime) -> list[Json] | None:
        """Tasks with an `updated_at` after `since`, with their annotations; None where they don't fit into one page.

        A page is a snapshot. Tasks that change while one page after the other is asked for could be missed.
        """
        after = since.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        query = _filter("filter:tasks:updated_at", "greater", "Datetime", after)
        tasks, total = self._page(project, _ANNOTATED_TASK_FIELDS, "all", query, 1)
        return tasks if total <= len(tasks) else None

    def newest_change(self, project: int) -> datetime | None:
        """The latest `updated_at` of all tasks, or None where there are no tasks."""
        query = {"ordering": ["-tasks:updated_at"]}
        tasks, _ = self._page(project, "id,updated_at", "task_only", query, 1, page_size=1)
        return datetime.fromisoformat(tasks[0]["updated_at"]) if tasks else None

    def annotated_tasks(self, project: int) -> Iterator[Json]:
        """Tasks that have an annotation, a skipped one included, with their annotations.

        Asked by the annotations themselves, never by a task's counters: an import of predictions that overlaps a submit
        can set those back to 0.
        """
        return self._tasks(
            project, _ANNOTATED_TASK_FIELDS, "all", _filter("filter:tasks:annotations_ids", "empty", "String", False)
        )

    def task(self, task: int) -> Json | None:
        """A task with its annotations, or None where Label Studio says that it does not exist any more."""
        try:
            return self._ask_for({"id", "annotations"}, f"/api/tasks/{task}/")
        except NotFoundError:
            return None

    def _tasks(self, project: int, include: str, fields: str, query: Json) -> Iterator[Json]:
        page, listed = 1, 0
        while True:
            tasks, total = self._page(project, include, fields, query, page)
            listed += len(tasks)
            yield from tasks
            if page * PAGE_SIZE >= total or not tasks:
                break
            page += 1
        if listed < total:
            raise RetryLaterError(f"Label Studio listed {listed} of {total} tasks of project {project}.")

    def _page(
        self, project: int, include: str, fields: str, query: Json, page: int, *, page_size: int = PAGE_SIZE
    ) -> tuple[list[Json], int]:
        """One page of tasks by ascending id unless the query says otherwise, and how many there are in all."""
        parameters = {
            "project": project,
            "page": page,
            "page_size": page_size,
            "fields": fields,
            "include": include,
            "query": json.dumps({"ordering": ["tasks:id"], **query}),
        }
        body = self._ask_for({"tasks", "total"}, "/api/tasks", params=parameters)
        return body["tasks"], int(body["total"])

    def import_predictions(self, project: int, predictions: Sequence[Json]) -> int:
        """Store many predictions in one call; return how many Label Studio says it created.

        Raises:
            OperatorError: also when one of the tasks does not exist any more; nothing is stored then.
        """
        answer = self._ask("POST", f"/api/projects/{project}/import/predictions", json=list(predictions))
        return int(answer["created"])

    def model_versions(self, project: int) -> dict[str, tuple[int, str]]:
        """Of each model version that predicted in a project: how many predictions it has, and when the latest was made.

        The cheapest look at whose predictions there are; predictions without a version are not named.
        """
        body = self._ask("GET", f"/api/projects/{project}/model-versions/", params={"extended": "true"})
        listed: list[Json] = body.get("static") or [] if isinstance(body, dict) else []
        named = (each for each in listed if isinstance(each.get("model_version"), str))
        return {each["model_version"]: (int(each.get("count") or 0), str(each.get("latest") or "")) for each in named}

    def predictions_of(self, project: int, model_version: str) -> list[Json]:
        """All predictions of one model version in a project."""
        query = {"project": project, "model_version": model_version}
        listed: list[Json] = self._ask("GET", "/api/predictions/", params=query)
        return [each for each in listed if isinstance(each, dict) and each.get("model_version") == model_version]

    def predictions(self, project: int, tasks: Sequence[int] | None = None) -> list[StoredPrediction]:
        """Every prediction of a project, whoever made it, or those of some tasks; by ascending id.

        Args:
            project: whose predictions; a task that is another project's by now has none.
            tasks: ids, at most some hundred: they travel in the address. None for all tasks.
        """
        if tasks is None:
            found: list[Json] = self._ask("GET", "/api/predictions/", params={"project": project})
        else:
            query = {"selectedItems": {"all": False, "included": list(tasks)}}
            listed, _ = self._page(project, "id,predictions", "all", query, 1)
            found = [prediction for task in listed for prediction in task["predictions"]]
        return sorted((_stored(each) for each in found), key=lambda each: each.id)

    def prediction_counts(self, project: int) -> dict[str, int]:
        """How many predictions a project has of each model version: the cheapest look at all of them."""
        counted: Json = self._ask("GET", f"/api/projects/{project}/model-versions/")
        return {name: int(count) for name, count in counted.items()}

    def change_prediction(self, number: int, prediction: Json) -> None:
        """Give a prediction another version, score and result, as far as these are named; it keeps its id.

        Raises:
            NotFoundError: it does not exist any more.
        """
        body = {key: prediction[key] for key in ("result", "score", "model_version") if key in prediction}
        self.request("PATCH", f"/api/predictions/{number}/", json=body)

    def delete_prediction(self, number: int) -> None:
        """Remove one prediction; what is gone already is no error."""
        try:
            self.request("DELETE", f"/api/predictions/{number}/")
        except NotFoundError:
            return

    def annotate(self, project: int, task: int, result: Sequence[Json], unique_id: str) -> None:
        """Make an annotation that nobody spent time on, as the token's user.

        Raises:
            NotFoundError: the task does not exist any more.
            ConflictError: an annotation with this `unique_id` is there already.
        """
        body = {"result": list(result), "lead_time": 0, "unique_id": unique_id}
        self.request("POST", f"/api/tasks/{task}/annotations/", params={"project": project}, json=body)

    def annotation(self, number: int) -> Json | None:
        """An annotation, or None where it does not exist any more."""
        try:
            found: Json = self._ask("GET", f"/api/annotations/{number}/")
        except NotFoundError:
            return None
        return found

    def delete_annotation(self, number: int) -> None:
        """Delete an annotation; what is gone already is no error."""
        try:
            self.request("DELETE", f"/api/annotations/{number}/")
        except NotFoundError:
            return

    def set_model_version(self, project: int, version: str) -> None:
        """Make `version` the active one: its predictions are shown and order the queue."""
        self.request("PATCH", f"/api/projects/{project}", json={"model_version": version})

    def version(self) -> str:
        """Label Studio's release, e.g. "1.23.2"; the cheapest call that needs the token to be right."""
        body = self._ask_for({"release"}, "/api/version", timeout=(2, 5), seconds=SHORT_SECONDS)
        return str(body["release"])

    def public_address(self) -> str | None:
        """What Label Studio calls itself (its LABEL_STUDIO_HOST), as its log-in page says; None where it does not.

        Raises:
            LabelLoopError: it gives no such page.
        """
        with deadline.within(SHORT_SECONDS):
            # Streamed: any other answer is taken for a proxy's, if it is a page.
            answer = self.request("GET", "/user/login/", stream=True, timeout=(2, 5), allow_redirects=False)
            with answer:
                page = b"".join(islice(answer.iter_content(1 << 14), 4)).decode(errors="replace")
        # Behind a single sign-on this is a redirection, and what follows is another server's page.
        found = _STYLES.search(page) if answer.status_code == HTTPStatus.OK else None
        return None if found is None else found[1]

    def whoami(self) -> datetime | None:
        """Raise unless the token is accepted.

        Returns:
            The time by Label Studio's clock; None where its answer does not tell.
        """
        answer = self.request("GET", "/api/current-user/whoami", timeout=(2, 5), seconds=SHORT_SECONDS)
        try:
            return parsedate_to_datetime(answer.headers.get("Date", "")).astimezone(UTC)
        except ValueError:
            return None


def _access_token(answer: requests.Response) -> tuple[str, float]:
    """The access token that a refresh token was exchanged for, and when it ends, in seconds since 1970.

    Raises:
        LookupError, TypeError, ValueError, ArithmeticError: the answer has none.
    """
    access = str(answer.json()["access"])
    payload = access.split(".")[1]
    return access, float(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"])


def _no_answer(url: str, error: requests.RequestException) -> RetryLaterError:
    """What a request that got no answer is told as."""
    cause = cause_of(error, url)
    return RetryLaterError(f"Label Studio at {url} does not answer: {cause.sentence}", cause)


def _check_origin(url: str, answer: requests.Response) -> None:
    """Raise unless an answer of the API is Label Studio's own.

    Raises:
        OperatorError: it was sent on to another address.
        RetryLaterError: something in between answered.
    """
    cause = cause_of_answer(answer)
    if cause is None:
        return
    message = f"Label Studio at {url} does not answer: {cause.sentence}"
    raise OperatorError(message, cause) if cause.kind in _LASTING else RetryLaterError(message, cause)


def _refusal(asked: str, answer: requests.Response) -> LabelLoopError:
    """What a refused request is told as; of pages, which only browsers read, no word is passed on."""
    status, cause = answer.status_code, cause_of_status(answer.status_code)
    said = "a page for browsers" if is_page(answer) else answer.text[:500]
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= 500:
        return RetryLaterError(f"Label Studio answered {status} to {asked}.", cause)
    if status == HTTPStatus.NOT_FOUND:
        return NotFoundError(f"Label Studio has no {asked.partition(' ')[2]} (404).", cause)
    if status == HTTPStatus.CONFLICT:
        return ConflictError(f"Label Studio answered 409 to {asked}: {said}", cause)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return OperatorError(
            f"Label Studio refuses the token ({status} to {asked}); set LABEL_STUDIO_API_KEY to a token of a user who "
            f"may see the project. [{cause.kind}]",
            cause,
        )
    return OperatorError(f"Label Studio answered {status} to {asked}: {said}", cause)


def _check_absence(asked: str, answer: requests.Response) -> None:
    """Raise RetryLaterError for a 404 that is not in Label Studio's own words: it takes nothing away."""
    if answer.status_code == HTTPStatus.NOT_FOUND and not _is_its_own(answer):
        raise RetryLaterError(
            f"Something between here and Label Studio answered 404 to {asked}, in words that are not Label Studio's: "
            "check LABEL_STUDIO_URL, and the proxy if there is one."
        )


def _is_its_own(answer: requests.Response) -> bool:
    """Whether a refusal is in the form that Label Studio's API gives all of its refusals."""
    try:
        body = answer.json()
    except requests.JSONDecodeError:
        return False
    return isinstance(body, dict) and body.get("status_code") == answer.status_code and "detail" in body


def _filter(name: str, operator: str, kind: str, value: Any) -> Json:
    item = {"filter": name, "operator": operator, "type": kind, "value": value}
    return {"filters": {"conjunction": "and", "items": [item]}}


def _stored(prediction: Json) -> StoredPrediction:
    return StoredPrediction(
        id=int(prediction["id"]),
        task=int(prediction["task"]),
        model_version=str(prediction.get("model_version") or ""),
        is_empty=not prediction.get("result"),
    )
