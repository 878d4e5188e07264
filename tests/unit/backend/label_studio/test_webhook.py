"""What is read from a webhook event."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import RequestError
from backend.label_studio import automatic
from backend.label_studio.webhook import Event, read
from tests.support.odd import ANYTHING, odd


def test_project_and_label_config_are_read() -> None:
    body = {"action": "TASKS_CREATED", "project": {"id": 3, "label_config": "<View/>", "title": "x"}, "tasks": [{}]}
    assert read(body) == Event("TASKS_CREATED", 3, "<View/>")


@pytest.mark.parametrize("project", [3, "3", {"id": 3}, {"id": "3"}])
def test_a_project_may_be_a_number_or_hold_one(project: object) -> None:
    assert read({"action": "START_TRAINING", "project": project}) == Event("START_TRAINING", 3, None)


def test_without_payload_there_is_no_project() -> None:
    assert read({"action": "ANNOTATION_CREATED"}) == Event("ANNOTATION_CREATED", None, None)


@pytest.mark.parametrize(("lead_time", "ours"), [(0.0, True), (3.5, False)])
def test_an_automatic_annotation_is_told_from_a_persons_copy_of_it(lead_time: float, ours: bool) -> None:
    annotation = {"result": automatic.mark([{"type": "choices"}], "c1", certified=True), "lead_time": lead_time}
    assert read({"action": "ANNOTATION_CREATED", "project": 3, "annotation": annotation}).automatic is ours


@pytest.mark.parametrize("annotation", [None, 3, {}, {"result": "x"}, {"result": [3]}])
def test_an_odd_annotation_is_a_persons(annotation: object) -> None:
    assert not read({"action": "ANNOTATION_CREATED", "project": 3, "annotation": annotation}).automatic


@pytest.mark.parametrize("project", [None, {}, [], "", "x", "²", 0, -1, 2**31, True, 1.5, {"id": []}])
def test_a_project_that_is_none_is_refused(project: object) -> None:
    with pytest.raises(RequestError, match="project"):
        read({"action": "TASKS_CREATED", "project": project})


@pytest.mark.parametrize("body", [None, [], "x", {}, {"action": None}, {"action": ""}, {"action": ["x"]}])
def test_what_has_no_action_is_refused(body: object) -> None:
    with pytest.raises(RequestError):
        read(body)


@pytest.mark.fault("R7")
@given(ANYTHING | odd({"action": st.just("ANNOTATION_CREATED"), "project": st.just(3), "annotation": ANYTHING}))
def test_whatever_comes_it_is_an_event_or_refused(body: Any) -> None:
    with suppress(RequestError):
        assert isinstance(read(body), Event)
