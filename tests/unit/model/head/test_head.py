"""The head: transform, prediction, fitting, out-of-fold logits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import load, save
from sklearn.linear_model import LogisticRegression

from model.errors import InputError
from model.head.fitting import ABSENT_GAP, fit, out_of_fold
from model.head.head import BLOCK_ROWS, SCALE, FeatureTransform, Head, softmax
from tests.unit.model.samples import clouds

NAMES = ("cat", "dog", "fox", "owl")


@pytest.fixture(scope="module")
def head() -> Head:
    features, labels = clouds(60, 4)
    return fit(features, labels, NAMES, FeatureTransform.of(features))


def test_the_transform_is_root_length_mean_length_scale() -> None:
    features = np.array([[1.0, 4.0, 4.0], [9.0, 0.0, 0.0]])
    rooted = np.sqrt(features) / np.sqrt(features.sum(axis=1, keepdims=True))
    centred = rooted - rooted.mean(axis=0)
    expected = SCALE * centred / np.linalg.norm(centred, axis=1, keepdims=True)
    np.testing.assert_allclose(FeatureTransform.of(features).apply(features), expected, rtol=1e-5)


def test_values_below_zero_have_roots_below_zero() -> None:
    transform = FeatureTransform(np.zeros(3, dtype=np.float32))
    np.testing.assert_allclose(
        transform.apply(np.array([[-1.0, 4.0, -4.0]])), [[-SCALE / 3, SCALE * 2 / 3, -SCALE * 2 / 3]]
    )


def test_classes_that_differ_in_signs_alone_are_told_apart() -> None:
    rng = np.random.default_rng(0)
    signs, labels = rng.choice([-1.0, 1.0], (4, 30)), np.arange(80) % 4
    features = (signs[labels] * rng.uniform(0.5, 1.5, (80, 30))).astype(np.float16)
    head = fit(features[:40], labels[:40], NAMES, FeatureTransform.of(features))
    assert (head.logits(features[40:]).argmax(axis=1) == labels[40:]).mean() > 0.95


def test_a_feature_of_zeros_is_transformed_to_something_finite() -> None:
    features = np.zeros((3, 4), dtype=np.float16)
    assert np.isfinite(FeatureTransform.of(features).apply(features)).all()


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_refused_with_its_row(broken: float) -> None:
    features = np.ones((BLOCK_ROWS + 5, 3), dtype=np.float32)
    transform = FeatureTransform.of(features)
    features[BLOCK_ROWS + 2, 1] = broken
    with pytest.raises(InputError, match=f"Row {BLOCK_ROWS + 2} "):
        transform.apply(features)


def test_features_of_another_backbone_are_refused(head: Head) -> None:
    with pytest.raises(InputError, match="another backbone"):
        head.logits(np.ones((2, 7), dtype=np.float32))


def test_no_features_make_no_transform() -> None:
    with pytest.raises(InputError, match="embed at least one image"):
        FeatureTransform.of(np.empty((0, 5)))


def test_no_images_have_no_probabilities(head: Head) -> None:
    assert head.probabilities(np.empty((0, 24), dtype=np.float16)).shape == (0, 4)


@settings(max_examples=50, deadline=None)
@given(hnp.arrays(np.float16, st.tuples(st.integers(1, 20), st.just(24)), elements=st.floats(0, 6, width=16)))
def test_probabilities_are_finite_and_sum_to_one(head: Head, features: np.ndarray) -> None:
    probabilities = head.probabilities(features)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


def test_a_row_is_predicted_the_same_alone_and_among_many(head: Head) -> None:
    features, _ = clouds(BLOCK_ROWS + 10, 4, seed=3)
    many = head.probabilities(features)
    np.testing.assert_allclose(head.probabilities(features[-1:])[0], many[-1], atol=1e-6)


def test_a_temperature_flattens_and_keeps_the_order(head: Head) -> None:
    features, _ = clouds(20, 4, seed=4)
    flat = Head(head.classes, head.weights, head.bias, head.transform, head.l2, temperature=5.0)
    warm, raw = flat.probabilities(features), head.probabilities(features)
    np.testing.assert_array_equal(warm.argmax(axis=1), raw.argmax(axis=1))
    assert (warm.max(axis=1) < raw.max(axis=1)).all()


def test_softmax_survives_huge_logits() -> None:
    np.testing.assert_allclose(softmax(np.array([[1e30, 0.0], [-1e30, -1e30]])), [[1, 0], [0.5, 0.5]])


def test_a_head_survives_its_file_bit_by_bit(head: Head) -> None:
    tensors, metadata = Head(
        ("Katze", "犬", "fox 🦊", '"owl"'), head.weights, head.bias, head.transform, 1e-4, 1.7
    ).to_tensors()
    back = Head.from_tensors(load(save(tensors)), metadata)
    assert (back.classes, back.l2, back.temperature) == (("Katze", "犬", "fox 🦊", '"owl"'), 1e-4, 1.7)
    np.testing.assert_array_equal(back.weights, head.weights)
    np.testing.assert_array_equal(back.bias, head.bias)
    np.testing.assert_array_equal(back.transform.mean, head.transform.mean)


@pytest.mark.parametrize("metadata", [{}, {"head": "no json"}, {"head": "[]"}, {"head": "{}"}])
def test_a_file_that_is_no_head_is_refused(head: Head, metadata: dict[str, str]) -> None:
    with pytest.raises(InputError, match="no head's file"):
        Head.from_tensors(head.to_tensors()[0], metadata)


def test_weights_that_contradict_the_classes_are_refused(head: Head) -> None:
    with pytest.raises(InputError, match="3 classes"):
        Head(("a", "b", "c"), head.weights, head.bias, head.transform, 1e-3)


def test_a_fitted_head_knows_new_images_of_its_classes(head: Head) -> None:
    features, labels = clouds(200, 4, spread=0.1)
    assert (head.probabilities(features).argmax(axis=1) == labels).mean() > 0.95


def test_the_fit_is_the_optimum_that_scikit_learn_finds() -> None:
    features, labels = clouds(90, 3)
    transform = FeatureTransform.of(features)
    ours = fit(features, labels, NAMES, transform, l2=1e-2)
    theirs = LogisticRegression(C=1 / (1e-2 * len(labels)), tol=1e-8, max_iter=5000)
    theirs.fit(transform.apply(features).astype(np.float64), labels)
    np.testing.assert_allclose(ours.probabilities(features), theirs.predict_proba(transform.apply(features)), atol=5e-3)


def test_fewer_images_than_numbers_lose_nothing() -> None:
    features, labels = clouds(12, 3, width=40)
    transform = FeatureTransform.of(features)
    few = fit(features, labels, NAMES, transform, l2=1e-2)
    repeated = fit(np.repeat(features, 4, axis=0), np.repeat(labels, 4), NAMES, transform, l2=1e-2)
    np.testing.assert_allclose(few.probabilities(features), repeated.probabilities(features), atol=5e-3)


@pytest.mark.parametrize("images", [15, 60])
def test_the_same_labels_in_any_order_give_the_same_bits(images: int) -> None:
    features, labels = clouds(images, 4)
    transform = FeatureTransform.of(features)
    order = np.random.default_rng(5).permutation(images)
    one, other = (fit(features[o], labels[o], NAMES, transform) for o in (np.arange(images), order))
    np.testing.assert_array_equal(one.weights, other.weights)
    np.testing.assert_array_equal(one.bias, other.bias)


def test_one_label_each_of_two_classes_is_enough() -> None:
    features, _ = clouds(10, 2)
    trained = fit(features[:2], np.array([3, 1]), NAMES, FeatureTransform.of(features))
    assert trained.classes == ("dog", "owl")
    assert trained.probabilities(features[:1])[0, 1] > 0.5


def test_labels_of_one_class_are_refused() -> None:
    features, _ = clouds(10, 2)
    with pytest.raises(InputError, match="at least two classes, got 1"):
        fit(features, np.zeros(10, dtype=np.int64), NAMES, FeatureTransform.of(features))


@pytest.mark.parametrize("labels", [np.array([0, 4]), np.array([-1, 0]), np.array([0])])
def test_labels_that_name_no_class_or_no_row_are_refused(labels: np.ndarray) -> None:
    features, _ = clouds(2, 2)
    with pytest.raises(InputError, match="abels"):
        fit(features, labels, NAMES, FeatureTransform.of(features))


def test_an_l2_of_zero_is_refused() -> None:
    features, labels = clouds(10, 2)
    with pytest.raises(InputError, match="l2"):
        fit(features, labels, NAMES, FeatureTransform.of(features), l2=0.0)


def test_a_warm_start_with_other_classes_ends_at_the_same_optimum() -> None:
    features, labels = clouds(60, 4)
    transform = FeatureTransform.of(features)
    former = fit(features[labels < 3], labels[labels < 3], NAMES, transform, l2=1e-2)
    cold = fit(features, labels, NAMES, transform, l2=1e-2)
    warm = fit(features, labels, NAMES, transform, l2=1e-2, warm_start=former)
    np.testing.assert_allclose(warm.probabilities(features), cold.probabilities(features), atol=5e-3)


def test_out_of_fold_logits_never_saw_their_label() -> None:
    features, labels = clouds(80, 4, spread=3.0)
    shuffled = np.random.default_rng(2).permutation(labels)
    logits = out_of_fold(features, shuffled, np.ones(80, dtype=bool), FeatureTransform.of(features), seed=0)
    assert (logits.argmax(axis=1) == shuffled).mean() < 0.5


def test_out_of_fold_logits_of_clear_classes_are_right() -> None:
    features, labels = clouds(80, 4, spread=0.1)
    holdout = np.arange(80) % 3 == 0
    logits = out_of_fold(features, labels, holdout, FeatureTransform.of(features), seed=0)
    np.testing.assert_array_equal(logits.argmax(axis=1), labels[holdout])


def test_out_of_fold_rows_follow_the_order_given() -> None:
    features, labels = clouds(60, 3)
    holdout = np.arange(60) % 2 == 0
    transform = FeatureTransform.of(features)
    order = np.random.default_rng(4).permutation(60)
    straight = out_of_fold(features, labels, holdout, transform, seed=0)
    permuted = out_of_fold(features[order], labels[order], holdout[order], transform, seed=0)
    row_of = np.cumsum(holdout) - 1
    np.testing.assert_array_equal(permuted, straight[row_of[order[holdout[order]]]])


def test_a_class_whose_only_label_is_held_out_lies_lowest() -> None:
    features, labels = clouds(30, 3)
    labels[labels == 2] = 1
    labels[7] = 2
    holdout = np.zeros(30, dtype=bool)
    holdout[[7, 8]] = True
    logits = out_of_fold(features, labels, holdout, FeatureTransform.of(features), seed=0)
    np.testing.assert_allclose(logits[0, 2], logits[0, :2].min() - ABSENT_GAP)


def test_a_holdout_that_is_all_there_is_still_gets_logits() -> None:
    features, labels = clouds(2, 2)
    logits = out_of_fold(features, labels, np.ones(2, dtype=bool), FeatureTransform.of(features), seed=0)
    assert np.isfinite(logits).all()


def test_a_holdout_without_labels_has_no_logits() -> None:
    features, labels = clouds(10, 2)
    logits = out_of_fold(features, labels, np.zeros(10, dtype=bool), FeatureTransform.of(features), seed=0)
    assert logits.shape == (0, 2)


def test_one_label_alone_is_refused_out_of_fold() -> None:
    features, labels = clouds(1, 1)
    with pytest.raises(InputError, match="One label alone"):
        out_of_fold(features, labels, np.ones(1, dtype=bool), FeatureTransform.of(features), seed=0)
