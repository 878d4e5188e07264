"""Which projects an event gives reason to look at, beyond what `tests/contract/test_webhook.py` sees of it."""

from dataclasses import replace

import pytest

from backend.label_studio import webhook
from backend.label_studio.webhook import Event
from backend.project import Project
from backend.store.mirror import NOT_CONNECTED, MirroredProject
from backend.web.events import projects_to_look_at

CONFIG = "<View/>"
PROJECT = MirroredProject(
    project=Project("http://label-studio.example", 1),
    title="",
    label_config=CONFIG,
    model_version="",
    sampling="",
    watermark=None,
    compared_at=None,
    active_version="20260101-000000-000",
    refreshed_version=None,
    problem=None,
)
DISCONNECTED = replace(PROJECT, project=Project("http://label-studio.example", 2), problem=NOT_CONNECTED)
KNOWN = {1: PROJECT, 2: DISCONNECTED}


def test_an_event_that_names_no_project_is_about_the_connected_ones() -> None:
    assert projects_to_look_at(Event(webhook.ANNOTATION_CREATED, None, None), KNOWN) == [1]


def test_an_event_of_a_disconnected_project_is_reason_to_look_at_it() -> None:
    assert projects_to_look_at(Event(webhook.ANNOTATION_CREATED, 2, CONFIG), KNOWN) == [2]


def test_an_automatic_annotation_is_our_own() -> None:
    assert projects_to_look_at(Event(webhook.ANNOTATION_CREATED, 1, CONFIG, automatic=True), KNOWN) == []


@pytest.mark.parametrize(
    "known",
    [
        {},
        {1: replace(PROJECT, problem="The label config has 0 Image tags.")},
        {1: replace(PROJECT, active_version=None)},
    ],
    ids=["unknown", "not learned yet", "without a version"],
)
def test_a_project_that_we_can_not_have_switched_was_changed_by_somebody(known: dict[int, MirroredProject]) -> None:
    assert projects_to_look_at(Event(webhook.PROJECT_UPDATED, 1, CONFIG), known) == [1]
