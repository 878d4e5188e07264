"""From annotations to labels."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.label_studio.provenance import Provenance
from backend.store.labels import Annotation, count, resolve

CHOICES = ("cat", "dog", "owl")
START = datetime(2026, 1, 1, tzinfo=UTC)


def annotation(
    number: int, choice: str | None, *, task: int = 1, minute: int = 0, skipped: bool = False, truth: bool = False
) -> Annotation:
    at = START + timedelta(minutes=minute)
    return Annotation(number, task, choice, skipped, truth, number, at, at)


def current(choice: str) -> str | None:
    return choice if choice in CHOICES else None


def choices(*annotations: Annotation) -> dict[int, str]:
    return {task: label.choice for task, label in resolve(annotations, current).items()}


annotations = st.lists(
    st.builds(
        annotation,
        number=st.integers(1, 1000),
        choice=st.sampled_from([*CHOICES, "gone", None]),
        task=st.integers(1, 3),
        minute=st.integers(0, 5),
        skipped=st.booleans(),
        truth=st.booleans(),
    ),
    max_size=12,
    unique_by=lambda made: made.id,
)


def test_the_majority_wins() -> None:
    assert choices(annotation(1, "cat"), annotation(2, "cat"), annotation(3, "dog", minute=9)) == {1: "cat"}


def test_among_equals_the_most_recent_wins() -> None:
    assert choices(annotation(1, "cat", minute=5), annotation(2, "dog", minute=1)) == {1: "cat"}


def test_among_equals_of_the_same_instant_the_later_id_wins() -> None:
    assert choices(annotation(2, "dog"), annotation(1, "cat")) == {1: "dog"}


def test_ground_truth_wins_against_any_majority() -> None:
    against = [annotation(number, "dog", minute=9) for number in range(2, 6)]
    assert choices(annotation(1, "cat", truth=True), *against) == {1: "cat"}


def test_several_ground_truths_have_a_majority_too() -> None:
    made = [annotation(number, name, truth=True) for number, name in enumerate(["cat", "dog", "cat"])]
    assert choices(*made) == {1: "cat"}


def test_skipped_and_empty_annotations_are_no_labels() -> None:
    assert choices(annotation(1, "cat", skipped=True), annotation(2, None)) == {}


def test_an_automatic_annotation_is_no_label_and_no_vote() -> None:
    made = [replace(annotation(number, "dog"), provenance=Provenance.AUTOMATIC, ground_truth=True) for number in (2, 3)]
    assert choices(*made) == {}
    assert choices(annotation(1, "cat"), *made) == {1: "cat"}


def test_a_skipped_ground_truth_does_not_win() -> None:
    assert choices(annotation(1, "cat", skipped=True, truth=True), annotation(2, "dog")) == {1: "dog"}


@pytest.mark.fault("R15")
def test_an_annotation_that_nobody_looked_at_is_no_label_and_is_counted() -> None:
    made = replace(annotation(1, "dog"), provenance=Provenance.UNSEEN)
    assert choices(made) == {}
    counts = count([made], {}, current)
    assert (counts.unseen, counts.people) == (1, 0)
    assert "nobody looked at them" in counts.without_effect()[0]


def imported(number: int, choice: str, minute: int = 0) -> Annotation:
    """As Label Studio keeps it: flagged as ground truth, whether anybody said so or not."""
    return replace(annotation(number, choice, minute=minute, truth=True), provenance=Provenance.IMPORTED)


@pytest.mark.fault("R10")
def test_what_a_person_says_wins_over_an_import_that_label_studio_flags_as_ground_truth() -> None:
    assert choices(imported(1, "dog", minute=9), imported(2, "dog", minute=9), annotation(3, "cat")) == {1: "cat"}


@pytest.mark.fault("R10")
def test_an_import_alone_is_a_label_and_counted_apart() -> None:
    made = [imported(1, "dog")]
    labels = resolve(made, current)
    assert labels[1].imported
    counts = count(made, labels, current)
    assert (counts.people, counts.imported) == (0, 1)


@pytest.mark.fault("R10")
def test_imports_win_where_they_are_said_to_be_the_truth() -> None:
    made = [imported(1, "dog"), annotation(2, "cat", minute=5)]
    assert resolve(made, current, imports_are_truth=True)[1].choice == "dog"


def test_among_imports_the_majority_wins() -> None:
    assert choices(imported(1, "dog", minute=9), imported(2, "cat"), imported(3, "cat")) == {1: "cat"}


@pytest.mark.fault("R13")
def test_annotations_of_choices_that_are_gone_are_counted_by_their_old_name() -> None:
    made = [
        annotation(1, "gone"),
        annotation(2, "gone", task=2),
        annotation(3, "lost", skipped=True),
        annotation(4, "cat"),
    ]
    of_another_tag = replace(annotation(5, "cat", task=3), other_tag="old")
    counts = count([*made, of_another_tag], resolve(made, current), current)
    assert counts.dropped == {"gone": 2, "cat of old": 1}
    assert "gone (2), cat of old (1)" in counts.without_effect()[0]


@pytest.mark.fault("R13")
def test_of_very_many_lost_choices_the_commonest_are_named() -> None:
    made = [annotation(number, f"gone {number}", task=number) for number in range(1, 200)] + [annotation(200, "gone 7")]
    counts = count(made, {}, current)
    assert (len(counts.dropped), sum(counts.dropped.values()), counts.dropped["gone 7"]) == (51, 200, 2)


def test_a_choice_of_another_control_tag_is_no_label() -> None:
    assert choices(replace(annotation(1, "cat"), other_tag="old")) == {}


def test_a_choice_that_the_label_config_lost_is_no_label() -> None:
    assert choices(annotation(1, "gone"), annotation(2, "gone"), annotation(3, "cat")) == {1: "cat"}


def test_a_label_names_the_annotations_behind_it_and_their_last_change() -> None:
    made = [annotation(3, "cat", minute=1), annotation(1, "cat", minute=7), annotation(2, "dog", minute=9)]
    label = resolve(made, current)[1]
    assert (label.annotation_ids, label.updated_at) == ((1, 3), START + timedelta(minutes=7))


def test_a_task_was_answered_when_its_first_answer_came() -> None:
    made = [annotation(1, "dog", minute=3), annotation(2, "cat", minute=5), annotation(3, "cat", minute=6)]
    assert resolve(made, current)[1].answered_at == START + timedelta(minutes=3)


@given(annotations, st.randoms())
def test_the_order_of_annotations_never_matters(made: list[Annotation], random: Random) -> None:
    shuffled = list(made)
    random.shuffle(shuffled)
    assert resolve(made, current) == resolve(shuffled, current)


@given(annotations)
def test_every_label_is_a_choice_that_somebody_gave(made: list[Annotation]) -> None:
    for task, label in resolve(made, current).items():
        given_choices = {each.choice for each in made if each.task_id == task and not each.skipped}
        assert label.choice in given_choices & set(CHOICES)


@given(annotations)
def test_labels_come_by_ascending_task(made: list[Annotation]) -> None:
    assert list(resolve(made, current)) == sorted(resolve(made, current))
