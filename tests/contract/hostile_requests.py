"""Requests as a stranger would make them up: to every route, by every method, with bodies nearly right or all wrong."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from flask import Flask
from hypothesis import strategies as st
from werkzeug.routing import Rule

from tests.contract.service import CONFIG, NOBODY, PROJECT, VERSION, address

METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "X")
CONTENT_TYPES = (
    "application/json; charset=utf-16",
    "text/plain",
    "multipart/form-data",
    "application/x-gzip",
    "",
    "\xff",
)
DEEP = 100_000

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=[]), max_size=30),
    st.sampled_from(
        ["", "\0", "\ud800", "\udfff\ud800", "🐈", "x" * 100_000, "9" * 5_000, "../etc/passwd", "%00", "${7}"]
    ),
)
NUMBERS = st.one_of(
    st.integers(-5, 20),
    st.sampled_from([PROJECT, 2**31 - 1, 2**31, 2**63, -(2**63), 10**400, 10**4_000]),
    st.floats(allow_nan=True, allow_infinity=True),
)
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)
PROJECTS = st.one_of(st.sampled_from([PROJECT, f"{PROJECT}.1700000000", {"id": PROJECT}, {"id": str(PROJECT)}]), VALUES)
CONFIGS = st.one_of(
    st.sampled_from(
        [
            CONFIG,
            "",
            "<View>" * 5_000 + "</View>" * 5_000,
            f'<View><Image name="i" value="{"x" * 200_000}"/></View>',
            '<!DOCTYPE v [<!ENTITY a "b">]><View>&a;</View>',
        ]
    ),
    VALUES,
)
IMAGES = st.one_of(
    st.sampled_from(
        [
            address(0, 1),
            f"{NOBODY}/1.png",
            "data:image/png;base64,AAAA",
            "data:,",
            "s3://bucket/\0",
            "/data/upload/1/a.png",
            "/data/local-files/?d=../../etc/passwd",
            "http://[::1",
            "http://2130706433/",
        ]
    ),
    VALUES,
)
TASKS = st.lists(
    st.one_of(VALUES, st.fixed_dictionaries({"id": VALUES, "data": VALUES | st.fixed_dictionaries({"image": IMAGES})})),
    max_size=4,
)
ACTIONS = st.sampled_from(["ANNOTATION_CREATED", "PROJECT_UPDATED", "TASKS_CREATED", "START_TRAINING"]) | VALUES
ANNOTATIONS = VALUES | st.fixed_dictionaries({"result": VALUES, "lead_time": VALUES})
NEARLY_RIGHT: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "/setup": {"project": PROJECTS, "schema": CONFIGS, "hostname": VALUES, "access_token": VALUES},
    "/predict": {"tasks": TASKS | VALUES, "project": PROJECTS, "label_config": CONFIGS, "params": VALUES},
    "/webhook": {"action": ACTIONS, "project": PROJECTS, "annotation": ANNOTATIONS, "task": VALUES},
    "/versions": {"project": PROJECTS},
    "autolabel": {
        "action": st.sampled_from(["propose", "apply", "cancel", "undo"]) | VALUES,
        "max_error": VALUES,
        "confidence": VALUES,
        "threshold": VALUES,
    },
    "finetune": {
        "action": st.sampled_from(["start", "cancel", "undo"]) | VALUES,
        "network": TEXTS | VALUES,
        "fresh": VALUES,
        "options": VALUES,
    },
}
NO_JSON = (
    b"",
    b"{",
    b"\xff\xfe{",
    b"[" * DEEP + b"]" * DEEP,
    b'{"tasks":' * DEEP + b"1" + b"}" * DEEP,
    b'{"tasks": [' + b"{}," * 200_000 + b"{}]}",
    b'{"action": "TASKS_CREATED", "project": {"id": ' + b"9" * 5_000 + b"}}",
    b'{"tasks": [], "tasks": 5, "project": 7, "project": NaN}',
    b'{"tasks": [{"id": 1, "data": {"image": "\\ud800"}}], "project": "7.1"}',
)
PARTS: dict[str, st.SearchStrategy[str]] = {
    "number": st.one_of(
        st.sampled_from([str(PROJECT), "0", "007", str(2**31), str(2**63), "9" * 5_000, "-1", "7.0", "٧", "7%00"]),
        TEXTS,
    ),
    "name": st.one_of(st.sampled_from([VERSION, "..", ".", "%2e%2e", "a/b", "\0"]), TEXTS),
}


@dataclass(frozen=True)
class HostileRequest:
    """A request, and the route that it was made up for."""

    route: str
    method: str
    path: str
    body: bytes = field(repr=False)
    headers: tuple[tuple[str, str], ...]


def requests_of(app: Flask) -> st.SearchStrategy[HostileRequest]:
    """Requests to every route of an application, those that will be added to it included."""
    return st.sampled_from(sorted(app.url_map.iter_rules(), key=str)).flatmap(_requests_to)


def _requests_to(rule: Rule) -> st.SearchStrategy[HostileRequest]:
    known = st.sampled_from(sorted(rule.methods or ()))
    return st.builds(
        HostileRequest,
        route=st.just(str(rule)),
        method=known | known | st.sampled_from(METHODS),
        path=_paths(str(rule)),
        body=_bodies(str(rule)),
        headers=_headers(),
    )


def _paths(route: str) -> st.SearchStrategy[str]:
    """Addresses of a route, with a query now and then."""
    pieces: list[st.SearchStrategy[str]] = []
    for text, name in re.findall(r"([^<]*)(?:<(?:\w+:)?(\w+)>)?", route):
        pieces += [st.just(text), PARTS.get(name, TEXTS).map(_quoted) if name else st.just("")]
    query = st.just("") | st.just("") | st.builds("?{}={}".format, st.just("project"), TEXTS.map(_quoted))
    return st.builds(lambda path, asked: "".join(path) + asked, st.tuples(*pieces), query)


def _quoted(text: str) -> str:
    return quote(text.encode(errors="surrogatepass"), safe="%./")


def _bodies(route: str) -> st.SearchStrategy[bytes]:
    nearly = next((fields for name, fields in NEARLY_RIGHT.items() if name in route), {"project": PROJECTS})
    shaped = st.fixed_dictionaries({}, optional=nearly).map(_dumped)
    return st.one_of(shaped, shaped, shaped, VALUES.map(_dumped), st.binary(max_size=50), st.sampled_from(NO_JSON))


def _dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


def _headers() -> st.SearchStrategy[tuple[tuple[str, str], ...]]:
    odd: Sequence[tuple[str, str]] = (
        ("Authorization", "Basic ?"),
        ("Authorization", "Basic " + "A" * 10_000),
        ("X-Label-Loop-Secret", "\xff"),
        ("X-Forwarded-For", "evil, 127.0.0.1"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("Content-Encoding", "gzip"),
        ("Accept", "*/" * 1_000),
        ("Range", "bytes=0-99999999999999999999"),
        ("If-None-Match", '"' * 100),
        ("Cookie", "a=" * 5_000),
    )
    types = st.sampled_from(("application/json",) * 6 + CONTENT_TYPES).map(lambda each: ("Content-Type", each))
    return st.tuples(types, *[st.sampled_from(odd)]) | st.tuples(types)
