"""Which connections and model versions of a project are ours to change."""

import pytest

from backend.label_studio.client import Connection
from backend.store.ours import claim, is_ours
from backend.store.records.mirror import NOT_CONNECTED
from backend.store.versions import NO_VERSION

OURS = Connection("My model", "20260102-030405-678")
SECOND = Connection("Another model", "second-1")
VERSIONS = ["20260102-030405-678"]


@pytest.mark.parametrize("said", [NO_VERSION, *VERSIONS, "20250101-000000-000"])
def test_a_connection_is_ours_whose_backend_names_a_version_of_ours(said: str) -> None:
    assert is_ours(Connection("any title", said), VERSIONS)


@pytest.mark.parametrize("said", ["", "second-1", "20260102", "20260102-030405-678-beef"])
def test_no_other_connection_is(said: str) -> None:
    assert not is_ours(Connection("Label Loop", said), VERSIONS)


@pytest.mark.parametrize("chosen", ["", NO_VERSION, OURS.title, "20250101-000000-000"])
def test_a_project_that_names_us_or_nobody_wants_a_version(chosen: str) -> None:
    assert claim(chosen, [OURS, SECOND], VERSIONS) == (True, None)


@pytest.mark.fault("R9")
@pytest.mark.parametrize("chosen", [SECOND.title, SECOND.model_version, "clip-zero-shot"])
def test_what_somebody_chose_by_hand_stays_and_is_said(chosen: str) -> None:
    wanted, problem = claim(chosen, [OURS, SECOND], VERSIONS)
    assert not wanted
    assert problem is not None
    assert chosen in problem
    assert OURS.title in problem


@pytest.mark.fault("R9")
@pytest.mark.parametrize("chosen", ["", SECOND.title])
def test_a_project_of_others_only_is_not_ours(chosen: str) -> None:
    assert claim(chosen, [SECOND], VERSIONS) == (False, NOT_CONNECTED)
