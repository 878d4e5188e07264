"""Who may call: basic authentication, or the webhook's shared secret; without either, this machine only."""

import hmac
import ipaddress
import secrets
from urllib.parse import urlsplit

from flask import Request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, TooManyRequests, Unauthorized

from backend import logs
from backend.settings import Settings, is_loopback
from backend.web.health.exposure import ANYBODY_MEND, ONLY_THIS_MACHINE, exposure
from backend.web.http.attempts import Attempts

SECRET_HEADER = "X-Label-Loop-Secret"  # noqa: S105 - the header's name
OPEN_PATH = "/health"
WEBHOOK_PATH = "/webhook"

LOCAL_SUFFIXES = (".localhost", ".local", ".internal")

log = logs.get()


class Door:
    """Lets requests in, or says why not. Safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._attempts = Attempts()
        self._key = secrets.token_bytes(32)

    def announce(self) -> None:
        """Say in the log who may call, where nobody has to show anything."""
        if not self._settings.is_guarded:
            anybody = exposure(self._settings)
            log.warning(f"{anybody} {ANYBODY_MEND}" if anybody else ONLY_THIS_MACHINE)

    def check(self, request: Request) -> None:
        """Return where a request may pass.

        Label Studio's ML connection can only send basic authentication, its webhook only headers. The password opens
        every route; the secret `/webhook` only, since whoever may see a project's settings can read it there. Where
        there is no password, the secret opens every route.

        Raises:
            Unauthorized: it doesn't show what the settings ask for.
            TooManyRequests: its client has shown too many wrong passwords or secrets.
            Forbidden: it comes from another machine, and the settings ask for nothing.
        """
        if request.path == OPEN_PATH:
            return
        client = request.remote_addr or ""
        if not self._settings.is_guarded:
            if self._settings.is_for_this_machine and not _is_local(request):
                raise Forbidden(ONLY_THIS_MACHINE)
            return
        shown = request.headers.get("Authorization", "") + request.headers.get(SECRET_HEADER, "")
        if shown:
            self._slow_down(client)
        if self._is_right(request):
            return
        if shown and self._attempts.count(client, shown):
            log.warning("wrong user, password or secret", client=client, path=request.path)
        raise Unauthorized(
            "Log in with the backend's user and password, or send the webhook secret to /webhook.",
            www_authenticate=WWWAuthenticate("basic", {"realm": "Label Loop"}),
        )

    def _slow_down(self, client: str) -> None:
        seconds = self._attempts.seconds_to_wait(client)
        if seconds:
            raise TooManyRequests(f"Too many wrong passwords; try again in {seconds} s.", retry_after=seconds)

    def _is_right(self, request: Request) -> bool:
        settings, given = self._settings, request.authorization
        secret = self._same(request.headers.get(SECRET_HEADER, ""), settings.webhook_secret)
        is_basic = given is not None and given.type == "basic"
        shown = given.parameters if given is not None and is_basic else {}
        user = self._same(shown.get("username") or "", settings.basic_auth_user)
        password = self._same(shown.get("password") or "", settings.basic_auth_pass)
        by_password = bool(settings.basic_auth_user) & is_basic & user & password
        by_secret = bool(settings.webhook_secret) & secret
        return by_password or (by_secret and (not settings.basic_auth_user or request.path == WEBHOOK_PATH))

    def _same(self, left: str, right: str) -> bool:
        """Whether two texts are the same, in a time that tells neither where they differ nor how long they are."""
        return hmac.compare_digest(self._digest(left), self._digest(right))

    def _digest(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode(errors="surrogatepass"), "sha256")


def _is_local(request: Request) -> bool:
    """Whether this machine asks, and not for a stranger.

    A page that somebody looks at on this machine can call us, too, by a name of its own that it has resolve to this
    machine; so can a reverse proxy, by the name that it serves. Their names are public ones, with dots.
    """
    client, host = request.remote_addr or "localhost", urlsplit(f"//{request.host}").hostname or ""
    named = "." not in host or host.endswith(LOCAL_SUFFIXES) or _is_number(host)
    return is_loopback(client) and named


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
