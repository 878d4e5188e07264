"""The JSON of requests: what is read, what is no JSON, and what is refused for its size or shape."""

import json

import pytest

from backend.errors import RequestError
from backend.web.http import json_body

NO_JSON = {
    "nothing": b"",
    "half": b'{"tasks": [',
    "two": b"{}{}",
    "not UTF-8": b'{"a": "\xff"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a surrogate's bytes": b'{"a": "\xed\xa0\x80"}',
    "infinity": b'{"a": Infinity}',
    "not a number": b'{"a": NaN}',
    "a float that is infinite": b'{"a": 1e999}',
    "an integer of 5,000 digits": b'{"a": ' + b"9" * 5_000 + b"}",
}


@pytest.mark.fault("S11")
@pytest.mark.parametrize("data", NO_JSON.values(), ids=NO_JSON)
def test_what_is_no_json_is_nothing(data: bytes) -> None:
    assert json_body.parse(data) is None


@pytest.mark.fault("S11")
@pytest.mark.parametrize("depth", [json_body.MOST_DEPTH + 1, 900, 100_000])
@pytest.mark.parametrize("pair", [("[", "]"), ('{"a":', "}")], ids=["lists", "objects"])
def test_what_is_nested_too_deeply_is_refused(pair: tuple[str, str], depth: int) -> None:
    data = (pair[0] * depth + "1" + pair[1] * depth).encode()
    with pytest.raises(RequestError, match="deep"):
        json_body.parse(data)


def test_what_is_nested_as_deeply_as_may_be_is_read() -> None:
    depth = json_body.MOST_DEPTH
    assert json_body.parse(b"[" * depth + b"]" * depth) is not None


@pytest.mark.fault("S11")
def test_too_many_values_are_refused_unread() -> None:
    with pytest.raises(RequestError, match="fewer tasks"):
        json_body.parse(b"[" + b"0," * json_body.MOST_VALUES + b"0]")


@pytest.mark.fault("S11")
def test_half_a_surrogate_pair_becomes_a_question_mark_and_a_whole_one_stays() -> None:
    assert json_body.parse(json.dumps({"a": ["\ud800", "🐈"]}).encode()) == {"a": ["?", "🐈"]}


@pytest.mark.parametrize("value", [None, 5, 1.5, "текст", [], {}, {"a": [{"b": None}]}, 10**4_000])
def test_json_is_read(value: object) -> None:
    assert json_body.parse(json.dumps(value).encode()) == value
