"""The feature store, on a real LanceDB."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backend.store.features import FEW, FRAGMENTS, FeatureStore, content_hash
from model.arrays import FloatArray
from model.backbone.backbone import Backbone

WIDTH = 8
BACKBONE = Backbone("b", "b1", 8, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), WIDTH)


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    return FeatureStore(tmp_path / "features")


def features(count: int, seed: int = 0) -> dict[str, FloatArray]:
    rows = np.random.default_rng(seed).random((count, WIDTH)).astype(np.float32)
    return {content_hash(f"{seed} {number}".encode()): row for number, row in enumerate(rows)}


@pytest.mark.parametrize("count", [1, FEW, FEW + 1, 3 * FEW])
def test_features_come_back_as_float16_in_the_order_asked_for(store: FeatureStore, count: int) -> None:
    stored = features(count)
    store.add(BACKBONE, stored)
    asked = list(reversed(stored))
    found, missing = store.get(BACKBONE, asked)
    assert found.dtype == np.float16
    assert missing == set()
    np.testing.assert_array_equal(found, np.stack([stored[key] for key in asked]).astype(np.float16))


def test_a_hash_asked_for_twice_is_answered_twice(store: FeatureStore) -> None:
    stored = features(2)
    store.add(BACKBONE, stored)
    one, other = stored
    found, missing = store.get(BACKBONE, [one, other, one])
    assert missing == set()
    np.testing.assert_array_equal(found[0], found[2])


@pytest.mark.parametrize("count", [3, FEW + 3])
def test_what_is_not_stored_is_told_by_its_position_and_zero(store: FeatureStore, count: int) -> None:
    stored = features(count)
    store.add(BACKBONE, stored)
    found, missing = store.get(BACKBONE, ["unknown", *stored, "unknown", "other"])
    assert missing == {0, count + 1, count + 2}
    assert not found[sorted(missing)].any()


def test_nothing_asked_for_is_nothing_found(store: FeatureStore) -> None:
    found, missing = store.get(BACKBONE, [])
    assert (found.shape, missing) == ((0, WIDTH), set())


def test_a_feature_stored_twice_is_found_once(store: FeatureStore) -> None:
    stored = features(2)
    for _ in range(2):
        store.add(BACKBONE, stored)
    found, missing = store.get(BACKBONE, list(stored))
    assert (len(found), missing) == (2, set())


def test_adding_nothing_makes_nothing(store: FeatureStore, tmp_path: Path) -> None:
    store.add(BACKBONE, {})
    assert not (tmp_path / "features").exists()


def test_another_backbone_has_features_of_its_own(store: FeatureStore) -> None:
    stored = features(1)
    store.add(BACKBONE, stored)
    assert store.get(replace(BACKBONE, version="b2"), list(stored))[1] == {0}


def test_another_store_on_the_same_folder_sees_what_is_added(store: FeatureStore, tmp_path: Path) -> None:
    other = FeatureStore(tmp_path / "features")
    stored, later = features(1), features(1, seed=1)
    store.add(BACKBONE, stored)
    assert other.get(BACKBONE, list(stored))[1] == set()
    store.add(BACKBONE, later)
    assert other.get(BACKBONE, list(later))[1] == set()


def test_many_small_appends_are_merged_and_lose_nothing(store: FeatureStore, tmp_path: Path) -> None:
    everything: dict[str, FloatArray] = {}
    for seed in range(FRAGMENTS + 5):
        stored = features(2, seed)
        store.add(BACKBONE, stored)
        everything |= stored
    store.tidy(BACKBONE)
    found, missing = store.get(BACKBONE, list(everything))
    assert missing == set()
    np.testing.assert_array_equal(found, np.stack(list(everything.values())).astype(np.float16))
    store.add(BACKBONE, features(2, seed=999))
    assert store.get(BACKBONE, list(features(2, seed=999)))[1] == set()


def test_equal_bytes_have_one_hash() -> None:
    assert content_hash(b"a") == content_hash(b"a") != content_hash(b"b")
