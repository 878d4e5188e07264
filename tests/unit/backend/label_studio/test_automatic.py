"""How automatic annotations are marked, and told from what people made of them."""

from typing import Any

import pytest
from hypothesis import given

from backend.label_studio import automatic
from tests.support.odd import ANYTHING

CREATED = "2026-11-22T03:29:16.869771Z"
REGION = {"from_name": "choice", "to_name": "image", "type": "choices", "value": {"choices": ["cat"]}, "score": 0.9}


def made(**fields: Any) -> dict[str, Any]:
    """An automatic annotation as Label Studio 1.23.2 answers with it."""
    return {
        "result": automatic.mark([REGION], "c1", certified=True),
        "was_cancelled": False,
        "lead_time": 0.0,
        "created_at": CREATED,
        "updated_at": "2026-11-22T03:29:16.869801Z",
        **fields,
    }


def test_an_automatic_annotation_says_which_certificate_it_comes_from() -> None:
    annotation = made()
    assert automatic.is_automatic(annotation)
    assert automatic.marked(annotation) == "c1"
    assert annotation["result"][0].items() >= REGION.items()


def test_a_plain_cut_is_marked_as_uncertified() -> None:
    (region,) = automatic.mark([REGION], "c1", certified=False)
    assert "UNCERTIFIED" in region["meta"]["text"][0]
    assert region["meta"]["label_loop"]["certified"] is False


@pytest.mark.parametrize(
    "touched",
    [
        {"lead_time": 2.09},  # "Update" on the labelling page, and a copy that somebody submits
        {"updated_at": "2026-11-22T03:35:13.136602Z"},  # a change through the API
        {"was_cancelled": True},
        {"result": [REGION]},
        {"result": None},
    ],
)
def test_what_a_person_did_anything_to_is_a_persons(touched: dict[str, Any]) -> None:
    assert not automatic.is_automatic(made(**touched))


@pytest.mark.parametrize("meta", [None, [], {}, {"label_loop": None}, {"label_loop": {"certificate": 3}}])
def test_odd_regions_carry_no_mark(meta: object) -> None:
    assert automatic.marked({"result": [{"meta": meta}, "no region", None]}) is None


def test_a_task_has_one_unique_id_in_each_auto_labelling() -> None:
    ids = {automatic.unique_id(name, task) for name in ("c1", "c2") for task in (1, 2, 12)}
    assert len(ids) == 6
    assert automatic.unique_id("c1", 1) == automatic.unique_id("c1", 1)


@pytest.mark.fault("R7")
@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING)
def test_whatever_an_annotation_holds_it_is_automatic_or_not(
    result: Any, lead_time: Any, created_at: Any, updated_at: Any
) -> None:
    regions = [{"meta": {"label_loop": {"certificate": "c1"}}}, result]
    for given_result in (result, regions):
        annotation = made(result=given_result, lead_time=lead_time, created_at=created_at, updated_at=updated_at)
        assert automatic.is_automatic(annotation) in (True, False)
