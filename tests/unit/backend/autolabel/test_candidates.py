"""Which tasks are proposed for auto-labelling, and what counts as an audit's answer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from backend.autolabel import audit
from backend.autolabel.candidates import Heads, Proposed, Round, draw, find_candidates, seed_of
from backend.label_studio.config import SingleChoice
from backend.label_studio.provenance import Provenance
from backend.store.dataset import Dataset
from backend.store.labels import Annotation, resolve
from backend.store.records.autolabeling import AuditedTask, AutolabelRequest
from model.errors import InputError
from model.head.fitting import fit
from model.head.head import FeatureTransform
from tests.unit.backend.drawn import CLASSES, drawn

LABELING = SingleChoice("image", "choice", "image", tuple((name, None) for name in CLASSES))
PROMISE, CUT = AutolabelRequest(max_error=0.1, confidence=0.9), AutolabelRequest(threshold=0.0)
DRAWN = datetime(2026, 1, 1, 12, tzinfo=UTC)
AUDITED = AuditedTask(1, DRAWN.isoformat())


@pytest.fixture(scope="module")
def data() -> Dataset:
    made = drawn(300, 60, 10)
    return replace(made, holdout_positions=np.where(made.task_ids % 10 == 0, 0.01, np.nan))


@pytest.fixture(scope="module")
def heads(data: Dataset) -> Heads:
    rows = data.labelled
    head = fit(data.features[rows], data.targets[rows], CLASSES, FeatureTransform.of(data.features))
    return Heads(head, head, None)


def tasks(proposed: Proposed) -> set[int]:
    return {each.task for each in proposed.candidates}


def test_a_plain_cut_at_nothing_takes_every_free_task_and_none_of_the_holdout(data: Dataset, heads: Heads) -> None:
    proposed = find_candidates(data, heads, LABELING, {100, 101}, CUT, Round())
    assert tasks(proposed) == {task for task in range(61, 301) if task % 10} - {101}
    assert "UNCERTIFIED" in proposed.note


def test_tasks_that_are_labelled_automatically_are_not_proposed_again(data: Dataset, heads: Heads) -> None:
    proposed = find_candidates(replace(data, automatic=frozenset({77, 78})), heads, LABELING, (), CUT, Round())
    assert not tasks(proposed) & {77, 78}


def test_a_proposal_comes_with_the_audit_that_it_needs(data: Dataset, heads: Heads) -> None:
    proposed = find_candidates(data, heads, LABELING, (), PROMISE, Round())
    assert proposed.plan is not None
    assert proposed.plan.size == len(proposed.candidates) > proposed.plan.sample_size
    assert min(each.confidence for each in proposed.candidates) == pytest.approx(proposed.threshold)


def test_a_set_after_one_that_failed_is_smaller_and_its_audit_larger(data: Dataset, heads: Heads) -> None:
    first, second = (
        find_candidates(data, heads, LABELING, (), PROMISE, this_round)
        for this_round in (Round(), Round(attempt=2, below=150))
    )
    assert first.plan is not None
    assert second.plan is not None
    assert second.plan.size < 150
    assert second.plan.sample_size > first.plan.sample_size


def test_a_class_that_the_label_config_lost_is_not_proposed(data: Dataset, heads: Heads) -> None:
    fewer = SingleChoice("image", "choice", "image", (("cat", None), ("dog", "hound")))
    proposed = find_candidates(data, heads, fewer, (), CUT, Round())
    assert {each.choice for each in proposed.candidates} == {"cat", "hound"}


def test_a_class_without_a_label_is_warned_of(data: Dataset, heads: Heads) -> None:
    known = find_candidates(data, heads, LABELING, (), PROMISE, Round())
    more = find_candidates(replace(data, classes=(*data.classes, "newt")), heads, LABELING, (), PROMISE, Round())
    assert "newt" not in known.note
    assert "No image of newt is labelled yet" in more.note


def test_one_class_has_nothing_to_tell_apart() -> None:
    with pytest.raises(InputError, match="1 class"):
        find_candidates(drawn(30, 1, 0), None, LABELING, (), PROMISE, Round())


def test_no_error_at_all_can_not_be_promised(data: Dataset, heads: Heads) -> None:
    with pytest.raises(InputError, match="no error at all"):
        find_candidates(data, heads, LABELING, (), AutolabelRequest(max_error=0.0, confidence=0.95), Round())


def test_a_longer_draw_begins_with_the_shorter_one(data: Dataset, heads: Heads) -> None:
    candidates = find_candidates(data, heads, LABELING, (), CUT, Round()).candidates
    assert draw(candidates, 20, seed=3)[:12] == draw(candidates[::-1], 12, seed=3)


def test_each_attempt_draws_by_another_seed() -> None:
    assert len({seed_of(name, attempt) for name in ("a", "b") for attempt in (1, 2, 3)}) == 6


def annotation(number: int, choice: str | None, minutes: float, **fields: bool) -> Annotation:
    """An annotation of task 1, so many minutes after the draw, half a minute of work."""
    at = DRAWN + timedelta(minutes=minutes)
    made = Annotation(number, 1, choice, False, False, 1, at, at, lead_time=30.0)
    return replace(made, **fields)


def answered(*given: Annotation) -> bool:
    label = resolve(given, LABELING.current).get(1)
    return audit.answer(1, "cat", audit.by_persons(given).get(1, []), label).right


def test_an_answer_is_right_where_people_say_what_the_model_says() -> None:
    assert answered(annotation(1, "cat", 1))
    assert not answered(annotation(1, "dog", 1))


def test_a_task_that_was_skipped_or_deleted_counts_as_wrong() -> None:
    assert not answered(annotation(1, None, 1, skipped=True))
    assert not answered()


def test_an_automatic_annotation_answers_nothing() -> None:
    given = [annotation(1, "cat", 1, provenance=Provenance.AUTOMATIC)]
    assert audit.answered([AUDITED], [1], audit.by_persons(given)) == []


def test_submitted_skipped_and_deleted_tasks_need_no_answer_any_more() -> None:
    listed = [AuditedTask(task, DRAWN.isoformat()) for task in (1, 2, 3, 4)]
    persons = {1: [annotation(1, "cat", 1)], 2: [annotation(2, None, 1, skipped=True)]}
    assert audit.answered(listed, [1, 2, 3], persons) == [1, 2, 4]


@pytest.mark.parametrize(("minutes", "before"), [(-1.0, True), (0.25, True), (0.75, False)])
def test_whoever_had_the_task_open_when_it_was_drawn_may_have_seen_the_prediction(minutes: float, before: bool) -> None:
    assert audit.begun_before(AUDITED, [annotation(1, "cat", minutes)]) is before
