"""The two ends of a connection: Label Studio's HTTP API as far as connecting needs it, and the backend's address."""

import base64
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests

from backend.errors import LabelLoopError, RetryLaterError
from backend.label_studio.client import LabelStudio, Token

Json = dict[str, Any]

SECRET_HEADER = "X-Label-Loop-Secret"  # noqa: S105 - the header's name, not its value
TIMEOUT_SECONDS = 30.0
BUSY_PAUSES = (0.3, 1.0, 3.0)
"""Seconds after which a request that Label Studio failed at is made again."""

T = TypeVar("T")
SERVER_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 - compared with, not listened on


class ApiError(Exception):
    """Label Studio refused a request, or did not answer.

    Attributes:
        status: HTTP status, 0 where there was no answer.
        reason: Label Studio's own words, without markup.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status}: {reason}" if status else reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True)
class BackendAddress:
    """Where the backend is, as Label Studio must reach it, and what it asks of callers.

    Attributes:
        url: with scheme; a trailing slash is removed, e.g. `http://localhost:9090`.
        basic_auth: user and password, or None where the backend asks for none.
        webhook_secret: value of the webhook's `X-Label-Loop-Secret` header, or None for none.
    """

    url: str
    basic_auth: tuple[str, str] | None = None
    webhook_secret: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", self.url.rstrip("/"))

    @property
    def webhook_url(self) -> str:
        """Address that Label Studio itself gives the webhook of an ML connection."""
        return f"{self.url}/webhook"

    @property
    def webhook_headers(self) -> dict[str, str]:
        """Headers that let an event in; empty where the backend asks for nothing."""
        if self.webhook_secret:
            return {SECRET_HEADER: self.webhook_secret}
        if self.basic_auth:
            credentials = base64.b64encode(":".join(self.basic_auth).encode()).decode()
            return {"Authorization": f"Basic {credentials}"}
        return {}

    @property
    def is_local(self) -> bool:
        """Whether the address means another machine, or container, to whoever reads it."""
        return urlsplit(self.url).hostname in SERVER_LOCAL_HOSTS


class LabelStudioApi:
    """A session with one Label Studio.

    Args:
        url: with scheme, e.g. `http://localhost:8080`.
        token: a legacy token (40 hexadecimal digits) or a personal access token (a refresh JWT).
    """

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        self._token = token
        self._authorization = Token(self.url, token)
        self._http = requests.Session()

    @property
    def has_personal_token(self) -> bool:
        """Whether the token is a JWT: three parts joined by dots."""
        return self._token.count(".") == 2

    def client(self) -> LabelStudio:
        """The backend's own client, with the same token, to try what the backend will do."""
        return LabelStudio(self.url, self._token)

    def version(self) -> str:
        """Label Studio's release; needs no token.

        Raises:
            ApiError: no answer, or not a Label Studio.
        """
        answer = self._send("GET", "/api/version", headers={})
        release = answer.json().get("release") if "json" in answer.headers.get("Content-Type", "") else None
        if not isinstance(release, str):
            raise ApiError(0, "it does not answer /api/version as a Label Studio does")
        return release

    def user(self) -> str:
        """Email of the token's user."""
        return str(self.get("/api/current-user/whoami")["email"])

    def projects(self) -> list[Json]:
        """The first hundred projects that the token's user sees."""
        found: list[Json] = self.get("/api/projects/?page_size=100&include=id,title")["results"]
        return found

    def project(self, project_id: int) -> Json:
        """One project with its settings and counts."""
        return self.get_object(f"/api/projects/{project_id}/")

    def change_project(self, project_id: int, **fields: Any) -> Json:
        """Set fields of a project, all or none of them."""
        return self.send_object("PATCH", f"/api/projects/{project_id}/", fields)

    def connections(self, project_id: int) -> list[Json]:
        """ML connections of a project, oldest first; asking makes Label Studio call each backend for its state."""
        found: list[Json] = self.get(f"/api/ml?project={project_id}")
        return sorted(found, key=lambda connection: int(connection["id"]))

    def webhooks(self, project_id: int) -> list[Json]:
        """Webhooks of a project, oldest first."""
        found: list[Json] = self.get(f"/api/webhooks/?project={project_id}")
        return sorted(found, key=lambda webhook: int(webhook["id"]))

    def get(self, path: str) -> Any:
        """Answer of a GET, as JSON."""
        return self._authorised("GET", path).json()

    def get_object(self, path: str) -> Json:
        """Answer of a GET that is one object."""
        answer: Json = self.get(path)
        return answer

    def send_object(self, method: str, path: str, body: Any) -> Json:
        """Answer of a POST or PATCH that is one object."""
        answer: Json = self._authorised(method, path, json=body).json()
        return answer

    def delete(self, path: str) -> None:
        """Delete what is at a path; what is gone already is no error."""
        try:
            self._authorised("DELETE", path)
        except ApiError as error:
            if error.status != 404:
                raise

    def _authorised(self, method: str, path: str, **body: Any) -> requests.Response:
        try:
            header = {"Authorization": self._authorization.header()}
        except LabelLoopError as error:
            raise ApiError(0 if isinstance(error, RetryLaterError) else 401, str(error)) from error
        if method == "POST":
            # Done twice, it would make two.
            return self._send(method, path, headers=header, **body)
        return when_free(lambda: self._send(method, path, headers=header, **body))

    def _send(self, method: str, path: str, **options: Any) -> requests.Response:
        try:
            answer = self._http.request(method, self.url + path, timeout=TIMEOUT_SECONDS, **options)
        except requests.RequestException as error:
            raise ApiError(0, cause(error)) from error
        if not answer.ok:
            raise ApiError(answer.status_code, words(answer.text, answer.reason))
        return answer


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


def words(text: str, otherwise: str) -> str:
    """Label Studio's own words for a refusal, without markup, in one line.

    Args:
        text: body of the answer.
        otherwise: what to say where the body says nothing.
    """
    try:
        body = json.loads(text)
    except ValueError:
        return otherwise
    if not isinstance(body, dict):
        return otherwise
    faults = body.get("validation_errors")
    if isinstance(faults, dict):
        said = " ".join(str(fault) for of_field in faults.values() for fault in _as_list(of_field))
    else:
        said = str(body.get("detail", otherwise))
    return " ".join(re.sub(r"<[^>]*>", "", said).split())


def cause(error: requests.RequestException) -> str:
    """Why there was no answer, in a few words."""
    if isinstance(error, requests.Timeout):
        return f"no answer within {TIMEOUT_SECONDS:.0f} s"
    for known, words in (
        ("Connection refused", "connection refused"),
        ("Name or service not known", "unknown host name"),
        ("Failed to resolve", "unknown host name"),
        ("CERTIFICATE_VERIFY_FAILED", "its certificate is not trusted by this machine"),
    ):
        if known in str(error):
            return words
    return type(error).__name__


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
