"""What becomes of requests to Label Studio that it can't be made to answer so on demand."""

import base64
import json

import httpx
import pytest

from scripts.cli.connection.api import ApiError, LabelStudioApi

YEAR_2100 = 4_102_444_800


def personal_token(expires: int) -> str:
    """A refresh token as Label Studio makes them, but for its signature."""
    parts = ({"alg": "HS256", "typ": "JWT"}, {"token_type": "refresh", "exp": expires})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "c2lnbmF0dXJl"])


def answering(answer: httpx.Response, asked: list[httpx.Request]) -> httpx.Client:
    """Gives one answer to every request, and notes the requests."""

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answer

    return httpx.Client(transport=httpx.MockTransport(handle))


def test_an_expired_personal_token_is_refused_before_anything_is_sent() -> None:
    asked: list[httpx.Request] = []
    api = LabelStudioApi("http://ls", personal_token(expires=1), answering(httpx.Response(200), asked))
    with pytest.raises(ApiError, match="401: API key has expired"):
        api.user()
    assert asked == []


def test_a_personal_token_is_exchanged_below_the_folder_that_label_studio_is_served_under() -> None:
    asked: list[httpx.Request] = []
    refused = httpx.Response(401, json={"detail": "Token is invalid"})
    api = LabelStudioApi("http://ls/labels", personal_token(YEAR_2100), answering(refused, asked))
    with pytest.raises(ApiError, match="401: Token is invalid"):
        api.user()
    assert asked[0].url == "http://ls/labels/api/token/refresh/"


def test_what_is_made_is_asked_for_once_even_where_label_studio_fails() -> None:
    asked: list[httpx.Request] = []
    api = LabelStudioApi("http://ls", "legacy", answering(httpx.Response(500, text="<!doctype html>"), asked))
    with pytest.raises(ApiError, match="500: Internal Server Error"):
        api.add_connection(project=1, url="http://backend")
    assert len(asked) == 1


def test_an_answer_that_is_no_json_is_not_label_studios() -> None:
    api = LabelStudioApi("http://ls", "legacy", answering(httpx.Response(200, text="<html>"), []))
    with pytest.raises(ApiError, match="as a Label Studio does"):
        api.version()
    with pytest.raises(ApiError):
        api.project(1)


def test_a_host_that_nobody_knows_is_called_so() -> None:
    with pytest.raises(ApiError, match="host name is not known"):
        LabelStudioApi("http://no-such-host.invalid", "legacy").version()
