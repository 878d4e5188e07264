"""The feature store, on a real LanceDB."""

from pathlib import Path

import numpy as np
import pytest

from backend.store.features import FEW, FRAGMENTS, FeatureStore, content_hash
from model.arrays import FloatArray

WIDTH = 8


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    return FeatureStore(tmp_path / "features")


def features(count: int, seed: int = 0) -> dict[str, FloatArray]:
    rows = np.random.default_rng(seed).random((count, WIDTH)).astype(np.float32)
    return {content_hash(f"{seed} {number}".encode()): row for number, row in enumerate(rows)}


@pytest.mark.parametrize("count", [1, FEW, FEW + 1, 3 * FEW])
def test_features_come_back_as_float16_in_the_order_asked_for(store: FeatureStore, count: int) -> None:
    stored = features(count)
    store.add("b1", WIDTH, stored)
    asked = list(reversed(stored))
    found, missing = store.get("b1", WIDTH, asked)
    assert found.dtype == np.float16
    assert missing == set()
    np.testing.assert_array_equal(found, np.stack([stored[key] for key in asked]).astype(np.float16))


def test_a_hash_asked_for_twice_is_answered_twice(store: FeatureStore) -> None:
    stored = features(2)
    store.add("b1", WIDTH, stored)
    one, other = stored
    found, missing = store.get("b1", WIDTH, [one, other, one])
    assert missing == set()
    np.testing.assert_array_equal(found[0], found[2])


@pytest.mark.parametrize("count", [3, FEW + 3])
def test_what_is_not_stored_is_told_by_its_position_and_zero(store: FeatureStore, count: int) -> None:
    stored = features(count)
    store.add("b1", WIDTH, stored)
    found, missing = store.get("b1", WIDTH, ["unknown", *stored, "unknown", "other"])
    assert missing == {0, count + 1, count + 2}
    assert not found[sorted(missing)].any()


def test_nothing_asked_for_is_nothing_found(store: FeatureStore) -> None:
    found, missing = store.get("b1", WIDTH, [])
    assert (found.shape, missing) == ((0, WIDTH), set())


def test_a_feature_stored_twice_is_found_once(store: FeatureStore) -> None:
    stored = features(2)
    for _ in range(2):
        store.add("b1", WIDTH, stored)
    found, missing = store.get("b1", WIDTH, list(stored))
    assert (len(found), missing) == (2, set())


def test_adding_nothing_makes_nothing(store: FeatureStore, tmp_path: Path) -> None:
    store.add("b1", WIDTH, {})
    assert not (tmp_path / "features").exists()


def test_another_backbone_has_features_of_its_own(store: FeatureStore) -> None:
    stored = features(1)
    store.add("b1", WIDTH, stored)
    assert store.get("b2", WIDTH, list(stored))[1] == {0}


def test_another_store_on_the_same_folder_sees_what_is_added(store: FeatureStore, tmp_path: Path) -> None:
    other = FeatureStore(tmp_path / "features")
    stored, later = features(1), features(1, seed=1)
    store.add("b1", WIDTH, stored)
    assert other.get("b1", WIDTH, list(stored))[1] == set()
    store.add("b1", WIDTH, later)
    assert other.get("b1", WIDTH, list(later))[1] == set()


def test_many_small_appends_are_merged_and_lose_nothing(store: FeatureStore, tmp_path: Path) -> None:
    everything: dict[str, FloatArray] = {}
    for seed in range(FRAGMENTS + 5):
        stored = features(2, seed)
        store.add("b1", WIDTH, stored)
        everything |= stored
    store.tidy("b1", WIDTH)
    found, missing = store.get("b1", WIDTH, list(everything))
    assert missing == set()
    np.testing.assert_array_equal(found, np.stack(list(everything.values())).astype(np.float16))
    store.add("b1", WIDTH, features(2, seed=999))
    assert store.get("b1", WIDTH, list(features(2, seed=999)))[1] == set()


def test_equal_bytes_have_one_hash() -> None:
    assert content_hash(b"a") == content_hash(b"a") != content_hash(b"b")
