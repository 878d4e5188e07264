"""What the figures say of a project, and when they say nothing."""

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from backend.label_studio.provenance import Provenance
from backend.loop import evaluate, insight, train
from backend.store.labels import Annotation
from backend.store.records.insight import Insight
from model.head.evaluation import NOT_ENOUGH
from tests.unit.backend.drawn import BEGIN, drawn

NOBODY: list[Annotation] = []


def annotations(seconds: list[float | None], **fields: object) -> list[Annotation]:
    """One annotation for each lead time, a minute apart."""
    made = []
    for number, taken in enumerate(seconds, 1):
        moment = BEGIN + timedelta(minutes=number)
        one = Annotation(number, number, "cat", False, False, 1, moment, moment, lead_time=taken)
        made.append(replace(one, **fields))  # type: ignore[arg-type]
    return made


def figures(tasks: int, labelled: int, holdout: int) -> Insight:
    data = drawn(tasks, labelled, holdout)
    head = train.run(data)
    assert head is not None
    judged = evaluate.run(data, head, seed=0)
    return insight.run(data, NOBODY, judged.head, judged.evaluation, judged.right, seed=0)


def test_figures_come_back_from_json() -> None:
    made = figures(200, 120, 60)
    assert Insight.from_json(json.loads(json.dumps(made.to_json(), allow_nan=False))) == made
    assert (made.labels, made.holdout_labels) == (120, 60)


@pytest.mark.parametrize(("labelled", "holdout"), [(40, 0), (40, 10)])
def test_with_few_holdout_labels_nothing_is_guessed(labelled: int, holdout: int) -> None:
    made = figures(100, labelled, holdout)
    assert (made.accuracy.accuracy, made.accuracy.note) == (None, NOT_ENOUGH)
    assert (made.calibration.error, made.calibration.note) == (None, NOT_ENOUGH)
    assert (made.labels_saved.saved, made.labels_saved.note) == (None, NOT_ENOUGH)
    assert {(step.gain, step.note) for step in made.stop_adviser.steps} == {(None, NOT_ENOUGH)}


def test_before_two_classes_have_a_label_only_the_pace_is_known() -> None:
    data = drawn(20, 1, 0)
    made = insight.run(data, annotations([36.0] * 10), None, None, np.zeros(0, dtype=bool), seed=0)
    assert made.accuracy.note == NOT_ENOUGH
    assert [step.hours for step in made.stop_adviser.steps] == [1.0, 2.0, 5.0]


def test_the_pace_is_the_median_of_the_latest_annotations() -> None:
    assert insight.pace(annotations([100.0] * 50 + [4.0] * 150 + [8.0] * 50)) == (4.0, 200)


@pytest.mark.parametrize(
    "given",
    [
        annotations([5.0] * 9),
        annotations([None] * 50),
        annotations([0.0] * 50),
        annotations([5.0] * 50, skipped=True),
        annotations([5.0] * 50, provenance=Provenance.AUTOMATIC),
    ],
    ids=["too few", "not timed", "no time at all", "skipped", "automatic"],
)
def test_the_pace_is_unknown_where_people_do_not_tell_it(given: list[Annotation]) -> None:
    assert insight.pace(given)[0] is None
