"""Points and neighbours are kept, grown, and made anew where they must be."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backend.project import Project
from backend.store import geometry
from backend.store.geometry import Geometry, GeometryStore
from model.geometry import Axes
from model.graph import NEIGHBOURS, neighbours
from tests.unit.model.samples import clouds

PROJECT = Project("http://localhost:8080", 1)


@pytest.fixture
def store(tmp_path: Path) -> GeometryStore:
    return GeometryStore(tmp_path)


def images(count: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(count) * 2 + 5, clouds(count, 4, seed=1)[0]


def fail(*_: object) -> None:
    raise AssertionError("made again without need")


def test_what_is_known_is_not_made_again(store: GeometryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    ids, features = images(60)
    points, nearest = store.points(PROJECT, ids, features, 0), store.nearest(PROJECT, ids, features, 0)
    monkeypatch.setattr(Axes, "place", fail)
    monkeypatch.setattr(geometry, "neighbours", fail)
    np.testing.assert_array_equal(store.points(PROJECT, ids, features, 0), points)
    np.testing.assert_array_equal(store.nearest(PROJECT, ids, features, 0), nearest)


def test_new_images_keep_the_others_where_they_are(store: GeometryStore) -> None:
    ids, features = images(60)
    first = np.arange(60) % 3 > 0
    before = store.points(PROJECT, ids[first], features[first], 0)
    store.nearest(PROJECT, ids[first], features[first], 0)
    after = store.points(PROJECT, ids, features, 0)
    np.testing.assert_array_equal(after[first], before)
    nearest = store.nearest(PROJECT, ids, features, 0)
    np.testing.assert_array_equal(nearest[~first], neighbours(after)[~first])
    # The others keep theirs, under their new rows.
    np.testing.assert_array_equal(nearest[first], np.flatnonzero(first)[neighbours(before)])


def test_deleted_images_are_nobodys_neighbours(store: GeometryStore) -> None:
    ids, features = images(60)
    store.nearest(PROJECT, ids, features, 0)
    left = np.arange(60) % 5 > 0
    nearest = store.nearest(PROJECT, ids[left], features[left], 0)
    assert nearest.shape == (48, NEIGHBOURS)
    np.testing.assert_array_equal(nearest, neighbours(store.points(PROJECT, ids[left], features[left], 0)))


def test_another_image_under_the_same_task_is_placed_anew(store: GeometryStore) -> None:
    ids, features = images(60)
    before = store.points(PROJECT, ids, features, 0)
    changed = features.copy()
    changed[7] = features[6]
    after = store.points(PROJECT, ids, changed, 0)
    np.testing.assert_allclose(after[7], before[6], atol=1e-5)
    np.testing.assert_array_equal(np.delete(after, 7, axis=0), np.delete(before, 7, axis=0))


def test_axes_are_fitted_anew_when_the_images_have_more_than_doubled() -> None:
    ids, features = images(60)
    small = Geometry.of(ids[:20], features[:20], seed=0)
    assert small.adapted(ids[:40], features[:40], seed=0).fitted_on == 20
    assert small.adapted(ids[:41], features[:41], seed=0).fitted_on == 41


def test_another_backbones_features_are_placed_anew() -> None:
    ids, features = images(60)
    known = Geometry.of(ids, features, seed=0)
    assert known.adapted(ids, features[:, :12], seed=0).axes.transform.mean.shape == (12,)


def test_a_torn_file_is_made_again(store: GeometryStore, tmp_path: Path) -> None:
    ids, features = images(60)
    points = store.points(PROJECT, ids, features, 0)
    file = tmp_path / f"{PROJECT.key}.safetensors"
    file.write_bytes(file.read_bytes()[:200])
    np.testing.assert_array_equal(store.points(PROJECT, ids, features, 0), points)


@pytest.mark.parametrize("count", [1, 2, 8])
def test_few_images_have_few_neighbours(store: GeometryStore, count: int) -> None:
    assert store.nearest(PROJECT, *images(count), 0).shape == (count, count - 1)


def test_a_project_without_images_has_no_points(store: GeometryStore) -> None:
    assert store.points(PROJECT, *images(0), 0).shape == (0, 0)


def test_a_geometry_of_the_same_images_is_itself() -> None:
    ids, features = images(30)
    known = Geometry.of(ids, features, seed=0)
    assert known.adapted(ids.copy(), features.copy(), seed=0) is known
    assert replace(known, task_ids=ids + 1).adapted(ids, features, seed=0) is not known
