"""The two ends of a connection: Label Studio's HTTP API as far as connecting needs it, and the backend's address."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BackendAddress:
    """Where the backend is, as Label Studio must reach it, and what it asks of callers.

    Attributes:
        url: with scheme, without a trailing slash, e.g. `http://localhost:9090`.
        basic_auth: user and password, or None where the backend asks for none.
        webhook_secret: value of the webhook's `X-Label-Loop-Secret` header, or None for none.
    """

    url: str
    basic_auth: tuple[str, str] | None = None
    webhook_secret: str | None = None


class LabelStudioApi:
    """A session with one Label Studio.

    Args:
        url: with scheme, e.g. `http://localhost:8080`.
        token: a legacy token (40 hexadecimal digits) or a personal access token (a refresh JWT).
    """

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        self._token = token
