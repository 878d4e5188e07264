"""Every ranking strategy, by itself and through `rank`: what they all promise, and what each is for."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.arrays import BoolArray, FloatArray, IntArray
from model.errors import InputError
from model.head.fitting import fit
from model.head.head import FeatureTransform, Head
from model.rank import uncertainty
from model.rank.badge import spread
from model.rank.ensemble import disagreement
from model.rank.kmeans import kmeans, nearest
from model.rank.pool import Pool
from model.rank.probcover import pure_radius
from model.rank.ranking import rank
from model.rank.registry import NAMES, STRATEGIES, strategy
from model.rank.uncertainty import entropy
from tests.unit.model.samples import clouds

WITHOUT_A_HEAD = {"random", "coreset", "typiclust", "probcover", "herding"}
NEED_A_HEAD = sorted(STRATEGIES.keys() - WITHOUT_A_HEAD)

every_strategy = pytest.mark.parametrize("name", STRATEGIES)
every_name = pytest.mark.parametrize("name", NAMES)
few_examples = settings(max_examples=8, deadline=None)


def head_of(features: FloatArray, labels: IntArray, classes: int) -> Head | None:
    known = labels >= 0
    if len(np.unique(labels[known])) < 2:
        return None
    names = [str(each) for each in range(classes)]
    return fit(features[known], labels[known], names, FeatureTransform.of(features))


def pool_of(features: FloatArray, labels: IntArray, classes: int, available: BoolArray | None = None) -> Pool:
    """Ids ascend in steps, so that an id is never a row."""
    available = labels < 0 if available is None else available & (labels < 0)
    ids = np.arange(len(features)) * 3 + 7
    return Pool(ids, features, labels, available, classes, 0, head_of(features, labels, classes))


def drawn_pool(seed: int, n: int, classes: int, labelled: float, kind: str) -> Pool:
    """A small pool with the trouble that real ones have; a fifth of the images is not available."""
    rng = np.random.default_rng(seed)
    features, truth = clouds(n, classes, width=6, seed=seed)
    if kind == "duplicates":
        features = features[rng.integers(0, max(n // 3, 1), n)] if n else features
    elif kind == "ties":
        features = rng.integers(0, 2, features.shape).astype(np.float16)
    elif kind == "zeros":
        features = np.zeros_like(features)
    labels = np.where(rng.random(n) < labelled, truth, -1)
    return pool_of(features, labels, classes, rng.random(n) < 0.8)


pools = st.builds(
    drawn_pool,
    seed=st.integers(0, 10_000),
    n=st.integers(0, 30),
    classes=st.integers(1, 4),
    labelled=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    kind=st.sampled_from(["clouds", "duplicates", "ties", "zeros"]),
)
counts = st.sampled_from([0, 1, 5, 50])
likenesses = st.sampled_from([0.9, 0.98, 1.0])


def chosen_by(name: str, pool: Pool, count: int) -> IntArray:
    """What the strategy itself chooses, nothing where it asks for a head and there is none."""
    if name in NEED_A_HEAD and pool.head is None:
        with pytest.raises(InputError, match="needs a head"):
            strategy(name)(pool, count)
        return np.empty(0, dtype=np.int64)
    return strategy(name)(pool, count)


@every_strategy
@few_examples
@given(pool=pools, count=counts)
def test_a_strategy_chooses_available_images_once_and_no_more_than_asked(name: str, pool: Pool, count: int) -> None:
    chosen = chosen_by(name, pool, count)
    assert len(chosen) <= count
    assert len(np.unique(chosen)) == len(chosen)
    assert pool.available[chosen].all()
    np.testing.assert_array_equal(chosen, chosen_by(name, pool, count))


@every_name
@few_examples
@given(pool=pools, count=counts, near_duplicate=likenesses)
def test_a_ranking_holds_each_available_image_once(name: str, pool: Pool, count: int, near_duplicate: float) -> None:
    ranking = rank(pool, count, name, near_duplicate)
    np.testing.assert_array_equal(np.sort(ranking.rows), pool.candidates)
    assert (np.diff(ranking.scores) >= 0).all()
    assert ((ranking.scores >= 0) & (ranking.scores <= 1)).all()


@every_name
@few_examples
@given(pool=pools, count=counts, near_duplicate=likenesses, seed=st.integers(0, 100))
def test_a_permutation_of_the_pool_permutes_the_ranking(
    name: str, pool: Pool, count: int, near_duplicate: float, seed: int
) -> None:
    permuted = pool.take(np.random.default_rng(seed).permutation(len(pool.ids)))
    one, other = rank(pool, count, name, near_duplicate), rank(permuted, count, name, near_duplicate)
    np.testing.assert_array_equal(pool.ids[one.rows], permuted.ids[other.rows])
    np.testing.assert_array_equal(one.scores, other.scores)


@pytest.mark.parametrize("name", sorted(STRATEGIES.keys() - {"dropquery"}))
@pytest.mark.parametrize(("count", "chosen"), [(7, 7), (100, 40)])
def test_a_strategy_chooses_as_many_as_there_are(name: str, count: int, chosen: int) -> None:
    features, truth = clouds(60, 3)
    pool = pool_of(features, np.where(np.arange(60) < 20, truth, -1), 3)
    assert len(strategy(name)(pool, count)) == chosen


@every_name
def test_without_labels_there_is_a_ranking(name: str) -> None:
    ranking = rank(pool_of(clouds(12, 3)[0], np.full(12, -1), 3), 5, name)
    assert len(ranking.rows) == 12
    assert ranking.strategy in WITHOUT_A_HEAD
    assert ranking.failed == (name in NEED_A_HEAD)


@every_name
@pytest.mark.parametrize("images", [0, 1])
def test_no_image_and_one_image_are_ranked(name: str, images: int) -> None:
    ranking = rank(pool_of(clouds(1, 1)[0][:images], np.full(images, -1), 1), 5, name)
    np.testing.assert_array_equal(ranking.rows, np.arange(images))


@every_name
def test_labels_of_one_class_alone_are_no_trouble(name: str) -> None:
    pool = pool_of(clouds(10, 2)[0], np.where(np.arange(10) < 4, 0, -1), 2)
    assert set(rank(pool, 3, name).rows) == set(range(4, 10))


def with_a_nan(near_the_end: int = 3) -> Pool:
    """Forty images, the fourth but last of which is broken; ids fall, so that the order by id is another one."""
    features, truth = clouds(40, 2)
    whole = pool_of(features, np.where(np.arange(40) < 10, truth, -1), 2)
    broken = features.copy()
    broken[-1 - near_the_end, 2] = np.nan
    return Pool(whole.ids[::-1], broken, whole.labels, whole.available, 2, 0, whole.head)


@every_name
def test_a_feature_that_is_not_finite_is_refused_with_its_row(name: str) -> None:
    with pytest.raises(InputError, match=r"Row 36 of the features.*embed that image again"):
        rank(with_a_nan(), 5, name)


@pytest.mark.parametrize("name", sorted(STRATEGIES.keys() - {"random"}))
def test_a_strategy_that_looks_at_features_refuses_one_that_is_not_finite(name: str) -> None:
    with pytest.raises(InputError, match="Row 36 of the features"):
        strategy(name)(with_a_nan(), 5)


def test_a_strategy_that_fails_is_replaced_by_margin_and_the_reason_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    features, truth = clouds(30, 3)
    pool = pool_of(features, np.where(np.arange(30) < 9, truth, -1), 3)

    def broken(pool: Pool, count: int) -> IntArray:
        raise RuntimeError("out of ideas")

    monkeypatch.setattr(uncertainty, "by_entropy", broken)
    ranking = rank(pool, 5, "entropy")
    assert (ranking.strategy, ranking.reason) == ("margin", "entropy failed (RuntimeError: out of ideas)")
    assert ranking.failed
    np.testing.assert_array_equal(ranking.rows, rank(pool, 5, "margin").rows)


@pytest.mark.parametrize("wrong", [[12, 12], [0]], ids=["twice", "labelled"])
def test_a_strategy_that_chooses_what_it_may_not_is_replaced(wrong: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    features, truth = clouds(30, 3)
    pool = pool_of(features, np.where(np.arange(30) < 9, truth, -1), 3)
    monkeypatch.setattr(uncertainty, "by_entropy", lambda pool, count: np.array(wrong))
    ranking = rank(pool, 5, "entropy")
    assert (ranking.strategy, ranking.failed) == ("margin", True)
    assert "twice, or one that may not be asked for" in ranking.reason


@every_strategy
def test_a_strategy_says_what_it_costs_and_where_it_is_from(name: str) -> None:
    text = strategy(name).__doc__ or ""
    assert re.search(r"O\(.+\)", text)
    assert "Source: " in text or name == "random"


# What each strategy is for


def three_crossroads() -> tuple[Pool, IntArray]:
    """Three labelled clouds, twenty more images of each, and eight close together halfway between each two.

    Returns:
        The pool, and for each image 0 to 2 for the place between two clouds, -1 in a cloud.
    """
    rng = np.random.default_rng(0)
    centres = np.eye(3).repeat(8, axis=1)
    halfway = (centres + np.roll(centres, 1, axis=0)) / 2
    features = np.concatenate([centres.repeat(25, axis=0), halfway.repeat(8, axis=0)])
    features = np.abs(features + 0.02 * rng.standard_normal(features.shape))
    between = np.concatenate([np.full(75, -1), np.arange(3).repeat(8)])
    labels = np.where((np.arange(99) % 25 < 5) & (between < 0), np.arange(99) // 25, -1)
    return pool_of(features, labels, 3), between


@pytest.mark.parametrize(("name", "count"), [("badge", 6), ("cluster_margin", 3), ("dropquery", 3)])
def test_a_diverse_strategy_asks_soon_at_each_crossroads(name: str, count: int) -> None:
    pool, between = three_crossroads()
    assert set(between[strategy(name)(pool, count)]) >= {0, 1, 2}


def test_margins_of_lookalikes_alone_are_not_diverse() -> None:
    pool, between = three_crossroads()
    assert len(set(between[strategy("margin")(pool, 3)])) < 3


@pytest.mark.parametrize("name", ["margin", "least_confidence", "entropy", "bald", "uncertainty_herding"])
def test_an_uncertain_strategy_asks_at_the_crossroads(name: str) -> None:
    pool, between = three_crossroads()
    assert (between[strategy(name)(pool, 10)] >= 0).mean() >= 0.9


def test_dropquery_asks_only_where_the_class_changes() -> None:
    pool, between = three_crossroads()
    assert (between[strategy("dropquery")(pool, 50)] >= 0).all()


def far_clouds(sizes: list[int]) -> tuple[FloatArray, IntArray]:
    """Tight clouds of these sizes, each in a direction of its own, and the cloud of each image."""
    cloud = np.repeat(np.arange(len(sizes)), sizes)
    noise = 0.02 * np.random.default_rng(1).standard_normal((len(cloud), 4 * len(sizes)))
    return np.abs(np.eye(len(sizes)).repeat(4, axis=1)[cloud] + noise), cloud


@pytest.mark.parametrize("name", ["coreset", "typiclust", "probcover", "herding"])
def test_coverage_asks_where_there_is_no_label(name: str) -> None:
    features, cloud = far_clouds([30, 30, 12])
    pool = pool_of(features, np.where((cloud < 2) & (np.arange(72) % 6 == 0), cloud, -1), 3)
    assert cloud[strategy(name)(pool, 1)].tolist() == [2]


@pytest.mark.parametrize("name", ["coreset", "typiclust", "probcover", "herding"])
def test_coverage_asks_once_in_each_cloud(name: str) -> None:
    features, cloud = far_clouds([30, 20, 15, 10])
    assert sorted(cloud[strategy(name)(pool_of(features, np.full(75, -1), 4), 4)]) == [0, 1, 2, 3]


@pytest.mark.parametrize("name", ["typiclust", "probcover"])
def test_the_largest_cloud_comes_first(name: str) -> None:
    features, cloud = far_clouds([10, 30, 20])
    assert cloud[strategy(name)(pool_of(features, np.full(60, -1), 3), 3)].tolist() == [1, 2, 0]


def test_typiclust_asks_for_the_middle_of_a_cloud_and_not_its_rim() -> None:
    features, _ = far_clouds([40, 40])
    features[:5] += 0.3 * np.abs(np.random.default_rng(2).standard_normal((5, 8)))
    assert not set(strategy("typiclust")(pool_of(features, np.full(80, -1), 2), 2)) & set(range(5))


def test_coreset_asks_for_an_outlier_first_and_typiclust_does_not() -> None:
    features, cloud = far_clouds([40, 40, 1])
    pool = pool_of(features, np.where(np.isin(np.arange(81), [0, 40]), cloud, -1), 3)
    assert strategy("coreset")(pool, 1).tolist() == [80]
    assert 80 not in strategy("typiclust")(pool, 8)


def test_probcover_goes_on_when_all_is_covered() -> None:
    features, cloud = far_clouds([20, 20])
    chosen = strategy("probcover")(pool_of(features, np.full(40, -1), 2), 12)
    assert len(set(chosen)) == 12
    assert np.bincount(cloud[chosen]).min() >= 4


def test_the_pure_radius_spans_a_cloud_and_not_two() -> None:
    features, cloud = far_clouds([20, 20, 20])
    points = pool_of(features, np.full(60, -1), 3).points
    distances = np.sqrt(np.maximum(2 - 2 * points @ points.T, 0))
    same = cloud[:, None] == cloud
    assert distances[same].max() < pure_radius(points, 3, np.random.default_rng(0)) < distances[~same].min()


def test_the_pure_radius_leaves_nobody_alone_where_there_are_no_clouds() -> None:
    points = np.random.default_rng(0).standard_normal((300, 30)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    distances = np.sqrt(np.maximum(2 - 2 * points @ points.T, 0)) + 9 * np.eye(300)
    radius = pure_radius(points, 50, np.random.default_rng(0))
    assert (distances.min(axis=1) <= radius).mean() >= 0.5


def test_badges_factors_choose_as_the_gradients_themselves_would() -> None:
    rng = np.random.default_rng(5)
    errors, points = rng.standard_normal((80, 4)), rng.standard_normal((80, 6))
    gradients = np.einsum("ik,im->ikm", errors, points).reshape(80, -1)
    whole = np.ones((80, 1))
    by_factors = spread(errors, points, 12, np.random.default_rng(0))
    by_gradients = spread(whole, gradients, 12, np.random.default_rng(0))
    np.testing.assert_array_equal(by_factors, by_gradients)
    assert by_factors[0] == np.linalg.norm(gradients, axis=1).argmax()


def test_badge_takes_each_of_several_equal_gradients_last() -> None:
    errors = np.array([[1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [0.0, 0.0]])
    points = np.ones((4, 1))
    assert spread(errors, points, 4, np.random.default_rng(0)).tolist() == [0, 2, 3, 1]


def test_a_ensemble_that_agrees_has_nothing_to_learn_and_one_that_is_split_has_most() -> None:
    sure, other, unsure = [1.0, 0.0], [0.0, 1.0], [0.5, 0.5]
    votes = np.array([[sure, sure, unsure], [sure, other, unsure]])
    np.testing.assert_allclose(disagreement(votes), [0, np.log(2), 0], atol=1e-9)


def test_entropy_sees_doubt_among_many_classes_that_margin_does_not() -> None:
    many, two = entropy(np.array([[0.4, 0.3, 0.3], [0.5, 0.5, 0.0]]))
    assert many > two
    np.testing.assert_allclose(two, np.log(2))


def test_random_is_another_order_with_another_seed() -> None:
    pool = pool_of(clouds(50, 2)[0], np.full(50, -1), 2)
    other = Pool(pool.ids, pool.features, pool.labels, pool.available, 2, seed=1)
    assert strategy("random")(pool, 50).tolist() != strategy("random")(other, 50).tolist()


@pytest.mark.filterwarnings("error")
def test_kmeans_takes_fewer_different_points_than_clusters_without_a_word() -> None:
    points = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32).repeat(3, axis=0)
    centres = kmeans(points, 5, np.random.default_rng(0))
    assert len(np.unique(nearest(points, centres))) == 2
