"""From an HTTP answer that is no success to its cause."""

from http import HTTPStatus
from urllib.parse import urljoin

import requests

from backend.causes.kinds import Cause, CauseKind

GATEWAYS = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)

_STATUS: dict[int, CauseKind] = {
    HTTPStatus.UNAUTHORIZED: CauseKind.TOKEN_REFUSED,
    HTTPStatus.FORBIDDEN: CauseKind.NOT_ALLOWED,
    HTTPStatus.NOT_FOUND: CauseKind.NOT_FOUND,
    HTTPStatus.GONE: CauseKind.NOT_FOUND,
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED: CauseKind.PROXY_REFUSES,
    HTTPStatus.TOO_MANY_REQUESTS: CauseKind.TOO_MANY_REQUESTS,
}

_PLAIN_AT_TLS = ("plain HTTP request was sent to HTTPS port", "HTTP request to an HTTPS server")
"""What nginx and Go's servers say to a plain request at a port for TLS."""


def cause_of_status(status: int) -> Cause:
    """Why a request was refused, by the status of the answer alone.

    Args:
        status: 400 or more.
    """
    if status in GATEWAYS:
        return Cause(CauseKind.GATEWAY, f"HTTP {status}")
    known = _STATUS.get(status)
    if known is not None:
        return Cause(known)
    return Cause(CauseKind.SERVER_ERROR if status >= 500 else CauseKind.REQUEST_REFUSED, f"HTTP {status}")


def cause_of_answer(answer: requests.Response) -> Cause | None:
    """What is wrong with an answer of Label Studio's API; None where it is Label Studio's own.

    Its API answers in JSON, its refusals included. So a page comes from something in between, and its 404 says nothing
    of a project.

    Args:
        answer: of a request below /api/, read whole.
    """
    if answer.history and _origin(answer.url) != _origin(answer.history[0].url):
        return Cause(CauseKind.REDIRECTED, _origin(answer.url))
    if answer.is_redirect:
        return Cause(CauseKind.REDIRECTED, _origin(urljoin(answer.url, answer.headers["Location"])))
    if answer.status_code in GATEWAYS:
        return Cause(CauseKind.GATEWAY, f"HTTP {answer.status_code}")
    if not is_page(answer):
        return None
    if any(words in answer.text for words in _PLAIN_AT_TLS):
        return Cause(CauseKind.TLS_NEEDED)
    server = answer.headers.get("Server", "")
    return Cause(CauseKind.PAGE_ANSWERS, f"HTTP {answer.status_code}" + (f" by {server[:40]}" if server else ""))


def is_page(answer: requests.Response) -> bool:
    """Whether an answer is for a browser."""
    return answer.headers.get("Content-Type", "").partition(";")[0].strip().lower() == "text/html"


def _origin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"
