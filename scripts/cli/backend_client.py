"""Long work that the backend does on request, as seen from the command line: auto-labelling and fine-tuning."""

from typing import Any, Self

import requests

from backend import settings
from backend.causes.exceptions import cause_of
from backend.causes.kinds import CauseKind
from scripts.cli.commands import CommandError
from scripts.cli.connection.address import SECRET_HEADER

Json = dict[str, Any]

TIMEOUT_SECONDS = 60.0


class BackendError(CommandError):
    """The backend refused, or does not answer; the text is for a person."""


class Backend:
    """One kind of work on one project.

    Args:
        url: of the backend.
        project: number in Label Studio.
        work: `autolabel` or `finetune`.
        basic_auth: user and password, or None where the backend asks for none.
        secret: the webhook's secret, or None.
    """

    def __init__(
        self, url: str, project: int, work: str, basic_auth: tuple[str, str] | None, secret: str | None
    ) -> None:
        self._url = url.rstrip("/")
        self._path = f"/api/projects/{project}/{work}"
        self._http = requests.Session()
        self._http.auth = basic_auth
        if secret:
            self._http.headers[SECRET_HEADER] = secret

    def status(self) -> Json:
        """How far it is."""
        return self._ask("GET", self._path)

    def request(self, action: str, **details: Any) -> Json:
        """Have something done; how far it is then."""
        return self._ask("POST", self._path, json={"action": action, **details})

    def certificate(self) -> Json:
        """The newest certificate."""
        return self._ask("GET", f"{self._path}/certificate")

    @classmethod
    def of_settings(cls, url: str, project: int, work: str) -> Self:
        """With the user, password and secret that the backend's own settings have."""
        values = settings.load()
        basic_auth = (values.basic_auth_user, values.basic_auth_pass) if values.basic_auth_user else None
        return cls(url, project, work, basic_auth, values.webhook_secret or None)

    def problems(self) -> list[str]:
        """What the backend says is missing."""
        return [str(problem) for problem in self._ask("GET", "/health").get("problems") or []]

    def _ask(self, method: str, path: str, **options: Any) -> Json:
        try:
            answer = self._http.request(method, self._url + path, timeout=TIMEOUT_SECONDS, **options)
            body: Any = answer.json()
        except requests.JSONDecodeError as error:
            raise BackendError(f"What answers at {self._url} is not Label Loop. Check --backend.") from error
        except requests.RequestException as error:
            cause = cause_of(error, self._url)
            mend = "Start it, or check --backend." if cause.kind is CauseKind.CONNECTION_REFUSED else cause.mend
            raise BackendError(
                f"The backend at {self._url} does not answer: {cause.message}. {mend} [{cause.kind}]"
            ) from error
        if answer.status_code == 401:
            raise BackendError(
                f"The backend at {self._url} refuses our user and password. "
                "Set BASIC_AUTH_USER and BASIC_AUTH_PASS as it was started with."
            )
        if not answer.ok or not isinstance(body, dict):
            said = body.get("error") if isinstance(body, dict) else None
            raise BackendError(str(said or f"The backend answered {answer.status_code} to {method} {path}."))
        return body
