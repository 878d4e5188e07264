"""Label Studio's HTTP API as far as connecting needs it: its own SDK, whose errors become lines for a person."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar, cast

import httpx
from label_studio_sdk.core.api_error import ApiError as SdkError

from backend.causes.answers import GATEWAYS
from backend.causes.exceptions import cause_of
from backend.causes.kinds import Cause, CauseKind
from backend.label_studio.client import LabelStudio as LoopClient
from scripts.cli.connection.http import client

if TYPE_CHECKING:
    from label_studio_sdk import LabelStudio

Json = dict[str, Any]
T = TypeVar("T")
Request = Callable[["LabelStudio"], T]

TIMEOUT_SECONDS = 30.0
IMPORT_SECONDS = 120
"""How long Label Studio may take to make tasks."""
BUSY_PAUSES = (0.3, 1.0, 3.0)
"""Seconds after which a request that Label Studio failed at is made again."""

MOST_PROJECTS = 100


class ApiError(Exception):
    """Label Studio refused a request, or did not answer.

    Attributes:
        status: HTTP status, 0 where there was no answer.
        reason: Label Studio's own words, without markup.
        cause: why there was no answer, or none of Label Studio's; None where it is Label Studio's own.
    """

    def __init__(self, status: int, reason: str, cause: Cause | None = None) -> None:
        super().__init__(f"{status}: {reason}" if status else reason)
        self.status = status
        self.reason = reason
        self.cause = cause


class LabelStudioApi:
    """A session with one Label Studio. Every method raises `ApiError` where it refuses or does not answer.

    Args:
        url: with scheme, e.g. `http://localhost:8080`.
        token: a legacy token (40 hexadecimal digits) or a personal access token (a refresh JWT).
        http: that requests are sent by; one with our time limit where it is left out.
    """

    def __init__(self, url: str, token: str, http: httpx.Client | None = None) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self._http = http or client(TIMEOUT_SECONDS)

    @property
    def has_personal_token(self) -> bool:
        """Whether the token is a JWT: three parts joined by dots."""
        return self.token.count(".") == 2

    @cached_property
    def sdk(self) -> "LabelStudio":
        """Label Studio's SDK, which knows both kinds of token.

        Raises:
            label_studio_sdk.core.api_error.ApiError: a personal access token has expired.
        """
        from label_studio_sdk import LabelStudio  # noqa: PLC0415 - two seconds: it imports pandas

        # Without the slash it would ask for access tokens outside a folder that Label Studio is served under. It tries
        # nothing again: a POST done twice makes two of what it makes.
        sdk: LabelStudio = LabelStudio(  # type: ignore[no-untyped-call]
            base_url=f"{self.url}/", api_key=self.token, httpx_client=self._http, max_retries=0
        )
        return sdk

    def loop_client(self) -> LoopClient:
        """The backend's own client, with the same token, to try what the backend will do."""
        return LoopClient(self.url, self.token)

    def version(self) -> str:
        """Label Studio's release; needs no token, so none is sent that might be refused."""
        with _told():
            answer = self._http.get(f"{self.url}/api/version")
        release = answer.json().get("release") if "json" in answer.headers.get("Content-Type", "") else None
        if not answer.is_success or not isinstance(release, str):
            raise ApiError(0, "it does not answer /api/version as a Label Studio does", _in_between(answer))
        return release

    def user(self) -> str:
        """Email of the token's user."""
        return str(self._again(lambda sdk: sdk.users.whoami()).email)

    def projects(self) -> list[Json]:
        """Number and title of the first hundred projects that the token's user sees."""
        listed: list[Any] | None = self._again(
            lambda sdk: sdk.projects.list(page_size=MOST_PROJECTS, include="id,title").items
        )
        return [{"id": project.id, "title": project.title} for project in listed or []]

    def project(self, project_id: int) -> Json:
        """One project with its settings and counts."""
        return self._object(lambda sdk: sdk.projects.with_raw_response.get(project_id))

    def change_project(self, project_id: int, **fields: Any) -> Json:
        """Set fields of a project, all or none of them."""
        return self._object(lambda sdk: sdk.projects.with_raw_response.update(project_id, **fields))

    def add_project(self, **fields: Any) -> Json:
        """Make a project."""
        return self._object(lambda sdk: sdk.projects.with_raw_response.create(**fields), again=False)

    def remove_project(self, project_id: int) -> None:
        """Delete a project with its tasks; one that is gone already is no error."""
        self._remove(lambda sdk: sdk.projects.delete(project_id))

    def add_local_storage(self, **fields: Any) -> Json:
        """Let Label Studio serve files of its own disk to the project in `fields`."""
        return self._object(lambda sdk: sdk.import_storage.local.with_raw_response.create(**fields), again=False)

    def import_tasks(self, project_id: int, tasks: Sequence[Json]) -> list[int]:
        """Make tasks, all or none of them; returns their numbers, in the same order."""
        answer = self._object(
            lambda sdk: sdk.projects.with_raw_response.import_tasks(
                project_id,
                request=cast("Any", list(tasks)),
                return_task_ids=True,
                request_options={"timeout_in_seconds": IMPORT_SECONDS},
            ),
            again=False,
        )
        return [int(number) for number in answer["task_ids"]]

    def first_task(self, project_id: int) -> Json | None:
        """Number and data of a project's first task; None where it has none."""
        found: list[Any] | None = self._again(
            lambda sdk: sdk.tasks.list(project=project_id, page_size=1, fields="task_only").items
        )
        return {"id": found[0].id, "data": found[0].data} if found else None

    def import_predictions(self, project_id: int, predictions: list[Any]) -> None:
        """Store predictions of tasks, all or none of them."""
        self._once(lambda sdk: sdk.projects.import_predictions(project_id, request=predictions))

    def connections(self, project_id: int) -> list[Json]:
        """ML connections of a project, oldest first; asking makes Label Studio call each backend for its state."""
        found: list[Json] = self._answer(lambda sdk: sdk.ml.with_raw_response.list(project=project_id))
        return sorted(found, key=lambda connection: int(connection["id"]))

    def add_connection(self, **fields: Any) -> Json:
        """Connect a backend to the project in `fields`; Label Studio calls it first."""
        return self._object(lambda sdk: sdk.ml.with_raw_response.create(**fields), again=False)

    def change_connection(self, connection_id: int, **fields: Any) -> Json:
        """Set fields of an ML connection; Label Studio calls the backend before it takes them."""
        return self._object(lambda sdk: sdk.ml.with_raw_response.update(connection_id, **fields))

    def remove_connection(self, connection_id: int) -> None:
        """Delete an ML connection; one that is gone already is no error."""
        self._remove(lambda sdk: sdk.ml.delete(connection_id))

    def webhooks(self, project_id: int) -> list[Json]:
        """Webhooks of a project, oldest first."""
        found: list[Json] = self._answer(lambda sdk: sdk.webhooks.with_raw_response.list(project=str(project_id)))
        return sorted(found, key=lambda webhook: int(webhook["id"]))

    def add_webhook(self, **fields: Any) -> Json:
        """Make a webhook of the project in `fields`."""
        return self._object(lambda sdk: sdk.webhooks.with_raw_response.create(**fields), again=False)

    def change_webhook(self, webhook_id: int, **fields: Any) -> Json:
        """Set fields of a webhook."""
        return self._object(lambda sdk: sdk.webhooks.with_raw_response.update(webhook_id, **fields))

    def remove_webhook(self, webhook_id: int) -> None:
        """Delete a webhook; one that is gone already is no error."""
        self._remove(lambda sdk: sdk.webhooks.delete(webhook_id))

    def get(self, path: str) -> Any:
        """Answer of a GET that the SDK has no method for, as JSON."""
        return self._again(lambda sdk: _raw(sdk, "GET", path)).json()

    def get_object(self, path: str) -> Json:
        """Answer of a GET that is one object."""
        answer: Json = self.get(path)
        return answer

    def send_object(self, method: str, path: str, body: Any) -> Json:
        """Answer of a POST or PATCH that the SDK has no method for, and that is one object."""
        ask = self._once if method == "POST" else self._again
        answer: Json = ask(lambda sdk: _raw(sdk, method, path, body)).json()
        return answer

    def delete(self, path: str) -> None:
        """Delete what is at a path; what is gone already is no error."""
        self._remove(lambda sdk: _raw(sdk, "DELETE", path))

    def _object(self, request: "Request[Any]", *, again: bool = True) -> Json:
        answer: Json = self._answer(request, again=again)
        return answer

    def _answer(self, request: "Request[Any]", *, again: bool = True) -> Any:
        """What Label Studio answered to a raw request of the SDK, as JSON."""
        return (self._again if again else self._once)(request).response.json()

    def _remove(self, request: "Request[object]") -> None:
        try:
            self._again(request)
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise

    def _again(self, request: "Request[T]") -> T:
        return when_free(lambda: self._once(request))

    def _once(self, request: "Request[T]") -> T:
        with _told():
            return request(self.sdk)


def when_free(request: Callable[[], T]) -> T:
    """What a request answers, tried again while Label Studio fails at it.

    On SQLite it answers 500 where a request would write just when another one does.

    Args:
        request: that may be made twice.

    Raises:
        ApiError: a refusal, no answer, or Label Studio fails again and again.
    """
    for pause in BUSY_PAUSES:
        try:
            return request()
        except ApiError as error:
            if error.status != HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            time.sleep(pause)
    return request()


@contextmanager
def _told() -> Iterator[None]:
    """Errors of the SDK and of HTTP as `ApiError`."""
    try:
        yield
    except SdkError as error:
        status = error.status_code or 0
        raise ApiError(status, words(error.body, HTTPStatus(status).phrase if status else str(error.body))) from error
    except httpx.HTTPError as error:
        cause = cause_of(error, _url(error))
        raise ApiError(0, f"{cause.message} [{cause.kind}]", cause) from error
    except ValueError as error:
        raise ApiError(0, "what answers there is not Label Studio") from error


def _raw(sdk: "LabelStudio", method: str, path: str, body: Any = None) -> httpx.Response:
    """A request that the SDK has no method for, by what its own methods send with."""
    answer = sdk._client_wrapper.httpx_client.request(path, method=method, json=body)
    if not answer.is_success:
        raise SdkError(status_code=answer.status_code, body=_read(answer))
    return answer


def _read(answer: httpx.Response) -> object:
    try:
        return answer.json()
    except ValueError:
        return answer.text


def words(body: object, otherwise: str) -> str:
    """Label Studio's own words for a refusal, without markup, in one line.

    Args:
        body: of the answer: what its JSON says, or a text where it is none.
        otherwise: what to say where the body says nothing.
    """
    if not isinstance(body, dict):
        return otherwise
    faults = body.get("validation_errors")
    if isinstance(faults, dict):
        said = " ".join(str(fault) for of_field in faults.values() for fault in _as_list(of_field))
    else:
        said = str(body.get("detail", otherwise))
    return " ".join(re.sub(r"<[^>]*>", "", said).split())


def _url(error: httpx.HTTPError) -> str:
    """What was asked for; empty where the error does not know."""
    try:
        return str(error.request.url)
    except RuntimeError:
        return ""


def _in_between(answer: httpx.Response) -> Cause | None:
    """What answers instead of Label Studio: a proxy, or its page."""
    if answer.status_code in GATEWAYS:
        return Cause(CauseKind.GATEWAY, f"HTTP {answer.status_code}")
    is_page = answer.headers.get("Content-Type", "").startswith("text/html")
    return Cause(CauseKind.PAGE_ANSWERS, f"HTTP {answer.status_code}") if is_page else None


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
