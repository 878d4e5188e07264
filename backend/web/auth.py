"""Who may call: basic authentication, or the webhook's shared secret."""

import hmac

from flask import Request

from backend.settings import Settings

SECRET_HEADER = "X-Label-Loop-Secret"  # noqa: S105 - the header's name


def allowed(request: Request, settings: Settings) -> bool:
    """Whether a request shows what the settings ask for; with neither configured, everybody may call.

    Label Studio's ML connection can only send basic authentication, its webhook only headers; either opens every route.
    """
    if not settings.basic_auth_user and not settings.webhook_secret:
        return True
    secret = request.headers.get(SECRET_HEADER, "")
    if settings.webhook_secret and _same(secret, settings.webhook_secret):
        return True
    given = request.authorization
    if not settings.basic_auth_user or given is None or given.type != "basic":
        return False
    user, password = given.parameters.get("username"), given.parameters.get("password")
    return _same(user or "", settings.basic_auth_user) & _same(password or "", settings.basic_auth_pass)


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())
