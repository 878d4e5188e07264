"""The backend's address, and what it asks of callers."""

import base64
from dataclasses import dataclass
from urllib.parse import urlsplit

SECRET_HEADER = "X-Label-Loop-Secret"  # noqa: S105 - the header's name, not its value
SERVER_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 - compared with, not listened on


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
