"""The neighbour graph, and the head that is distilled along it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model import graph
from model.errors import InputError
from model.geometry import points
from model.graph import NEIGHBOURS, UNKNOWN, affinity, neighbours, spread
from model.head.distil import distil, distilled_out_of_fold
from model.head.fitting import fit
from model.head.head import FeatureTransform, Head
from tests.unit.model.samples import clouds

CLASSES = [str(number) for number in range(6)]


def labelled(images: int, labels: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, Head]:
    """Features, all classes, the labels that are known, and the quick head of these."""
    features, truth = clouds(images, 6)
    known = np.where(np.arange(images) < labels, truth, -1)
    rows = known >= 0
    return features, truth, known, fit(features[rows], known[rows], CLASSES, FeatureTransform.of(features))


def test_neighbours_are_the_nearest_others() -> None:
    placed = points(clouds(60, 4)[0], seed=0)
    likeness = placed @ placed.T
    np.fill_diagonal(likeness, -np.inf)
    np.testing.assert_array_equal(neighbours(placed), np.argsort(-likeness, axis=1, kind="stable")[:, :NEIGHBOURS])


@pytest.mark.parametrize("images", [0, 1, 2, 5])
def test_however_few_images_have_as_many_neighbours_as_there_are(images: int) -> None:
    placed = points(clouds(images, 2)[0], seed=0)
    nearest = neighbours(placed)
    assert nearest.shape == (images, max(images - 1, 0))
    assert affinity(nearest).shape == (images, images)


def test_a_grown_graph_keeps_what_it_knew_and_knows_the_new_ones() -> None:
    placed = points(clouds(80, 4)[0], seed=0)
    known = np.full((80, NEIGHBOURS), UNKNOWN, dtype=np.int32)
    known[:50] = neighbours(placed[:50])
    grown = neighbours(placed, known)
    np.testing.assert_array_equal(grown[:50], known[:50])
    np.testing.assert_array_equal(grown[50:], neighbours(placed)[50:])


def test_the_approximate_search_finds_nearly_all_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    placed = points(clouds(3000, 30, width=64, spread=0.3)[0], seed=0)
    exact = neighbours(placed)
    monkeypatch.setattr(graph, "EXACT_UP_TO", 1000)
    monkeypatch.setattr(graph, "LISTS", 32)
    found = neighbours(placed)
    assert (found != np.arange(len(placed))[:, None]).all()
    shared = [len(set(one) & set(other)) for one, other in zip(exact.tolist(), found.tolist(), strict=True)]
    assert np.mean(shared) > 0.9 * NEIGHBOURS


def test_the_approximate_search_takes_copies_of_one_image(monkeypatch: pytest.MonkeyPatch) -> None:
    placed = np.repeat(points(clouds(60, 4)[0], seed=0), 20, axis=0)
    monkeypatch.setattr(graph, "EXACT_UP_TO", 1000)
    monkeypatch.setattr(graph, "LISTS", 8)
    found = neighbours(placed)
    assert found.shape == (1200, NEIGHBOURS)
    assert ((found >= 0) & (found < 1200)).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 60), st.integers(0, 1000))
def test_spreading_never_makes_more_of_a_label_than_the_affinity_allows(images: int, seed: int) -> None:
    edges = affinity(neighbours(points(clouds(images, 3, seed=seed)[0], seed=0)))
    assert (edges != edges.T).nnz == 0
    seeds = np.random.default_rng(seed).random((images, 3), dtype=np.float32)
    values = spread(edges, seeds)
    assert (values >= 0).all()
    # All eigenvalues lie in [-1, 1]: no direction grows.
    assert np.linalg.norm(values) <= np.linalg.norm(seeds) * (1 + 1e-5)


def test_a_distilled_head_knows_more_than_the_quick_one() -> None:
    features, truth, known, head = labelled(900, 12)
    edges = affinity(neighbours(points(features, seed=0)))
    served = distil(head, features, known, edges, seed=0)
    rest = known < 0

    def accuracy(of: Head) -> float:
        return float((of.probabilities(features).argmax(axis=1) == truth)[rest].mean())

    assert served.classes == head.classes
    assert accuracy(served) > accuracy(head)


def test_the_same_labels_distil_to_the_same_bits() -> None:
    features, _, known, head = labelled(300, 30)
    edges = affinity(neighbours(points(features, seed=0)))
    one, other = (distil(head, features, known, edges, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.weights, other.weights)


def test_a_holdout_image_is_predicted_without_its_own_label() -> None:
    features, truth, known, _ = labelled(300, 60)
    known[7] = (truth[7] + 1) % 6
    rows = known >= 0
    head = fit(features[rows], known[rows], CLASSES, FeatureTransform.of(features))
    holdout = np.arange(300) < 30
    logits = distilled_out_of_fold(
        head, features, known, holdout, affinity(neighbours(points(features, seed=0))), seed=0
    )
    assert logits.shape == (30, 6)
    assert logits[7].argmax() == truth[7]


def test_a_holdout_image_without_a_label_is_refused() -> None:
    features, _, known, head = labelled(60, 20)
    with pytest.raises(InputError, match="no label"):
        distilled_out_of_fold(
            head, features, known, np.ones(60, dtype=bool), affinity(neighbours(points(features, 0))), seed=0
        )


def test_a_graph_of_another_project_is_refused() -> None:
    features, _, known, head = labelled(60, 20)
    with pytest.raises(InputError, match="don't go with a graph"):
        distil(head, features, known, affinity(neighbours(points(features[:50], 0))), seed=0)
