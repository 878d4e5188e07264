"""What logits say of a model."""

import numpy as np
import pytest

from scripts.lab.comparison.figures import PartFigures
from scripts.lab.comparison.verdict import chance, verdict
from tests.unit.scripts.lab.comparison.compared import CLASSES, figures, noisy

TARGETS = np.arange(240) % 3


def test_a_label_counts_for_the_tops_that_it_is_among() -> None:
    logits = np.tile(np.arange(12, 0, -1, dtype=np.float32), (4, 1))
    found = PartFigures.of(logits, np.array([0, 4, 5, 11]))
    assert [round(found.tops[top].value, 2) for top in (1, 5, 10) if found.tops[top]] == [0.25, 0.5, 0.75]


def test_a_model_that_says_the_same_of_all_classes_gets_nothing_for_it() -> None:
    assert PartFigures.of(np.zeros((6, 3)), np.arange(6) % 3).accuracy.value == 0


def test_there_is_no_top_five_of_five_classes() -> None:
    tops = PartFigures.of(np.eye(5, dtype=np.float32), np.arange(5)).tops
    assert (tops[5], tops[10]) == (None, None)


def test_the_loss_is_the_mean_negative_log_of_the_labels_probability() -> None:
    logits = np.log(np.array([[0.5, 0.5], [0.9, 0.1]]))
    assert PartFigures.of(logits, np.array([0, 1])).loss == pytest.approx((np.log(2) + np.log(10)) / 2)


def test_each_part_is_measured_on_its_own_images() -> None:
    logits = noisy(TARGETS, 3, 9.0)
    logits[120:180] = np.roll(logits[120:180], 1, axis=1)
    found = figures(logits, TARGETS)
    assert {name: part.accuracy.value for name, part in found.parts.items()} == {"train": 1, "validation": 0, "test": 1}
    assert found.parts["train"].images == 120


def test_the_temperature_that_validation_chooses_mends_the_test_images() -> None:
    found = figures(noisy(TARGETS, 3, 1.0), TARGETS)
    assert found.before.ece is not None
    assert found.after.ece is not None
    assert found.temperature > 2
    assert found.after.ece.value < found.before.ece.value / 2


def test_the_confusion_matrix_holds_labels_in_rows() -> None:
    logits = noisy(TARGETS, 3, 9.0)
    logits[TARGETS == 1] = np.roll(logits[TARGETS == 1], 1, axis=1)
    found = figures(logits, TARGETS)
    assert found.confusion.tolist() == [[20, 0, 0], [0, 0, 20], [0, 0, 20]]
    assert found.confused(5) == [("hexagon", "square", 20)]
    recall = found.after.per_class["hexagon"].recall
    assert recall is not None
    assert recall.value == 0


def test_entropy_is_in_bits_from_sure_to_none_the_wiser() -> None:
    logits = np.zeros((240, 3), dtype=np.float32)
    logits[::2, 0] = 200.0
    entropy = figures(logits, TARGETS).entropy
    assert entropy[::2] == pytest.approx(0, abs=1e-2)
    assert entropy[1::2] == pytest.approx(np.log2(3))


def test_the_surest_mistakes_come_first_and_no_right_answer_is_among_them() -> None:
    found = figures(noisy(TARGETS, 3, 1.0), TARGETS)
    places = found.mistakes(5)
    sure = found.probabilities[places].max(axis=1)
    assert not found.right[places].any()
    assert np.all(np.diff(sure) <= 0)
    assert sure[0] == found.probabilities[~found.right].max()


def test_two_models_that_differ_by_chance_are_not_told_apart() -> None:
    models = [figures(noisy(TARGETS, 3, 1.0, seed), TARGETS, f"model-{seed}") for seed in (1, 2)]
    assert "That may be chance" in verdict(models)
    assert chance(*models) > 0.05


def test_a_difference_beyond_chance_is_said_to_be_so() -> None:
    good, bad = figures(noisy(TARGETS, 3, 4.0), TARGETS, "good"), figures(noisy(TARGETS, 3, 0.0), TARGETS, "bad")
    said = verdict([bad, good])
    assert said.startswith("good is right most often: ")
    assert "beyond chance" in said


def test_a_class_without_a_test_image_has_no_recall_and_breaks_nothing() -> None:
    targets = np.where(np.arange(240) < 180, TARGETS, 0)
    found = figures(noisy(targets, 3, 2.0), targets)
    assert found.after.per_class[CLASSES[1]].recall is None
