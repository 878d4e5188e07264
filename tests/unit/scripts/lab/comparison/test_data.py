"""The images that models are compared on, and how they are parted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scripts.lab.comparison.errors import ComparisonError
from scripts.lab.comparison.images import Library
from scripts.lab.comparison.likeness import grouped
from scripts.lab.comparison.splitting import parted
from scripts.lab.sources import find
from tests.unit.scripts.lab.comparison.compared import CLASSES, write_pictures

pytestmark = pytest.mark.usefixtures("export_made_before")


def library(folder: Path, cache: Path, limit: int | None = None) -> Library:
    return Library(find(str(folder), "", cache), limit, 0, cache)


def test_images_are_squares_of_the_side_that_was_asked_for(tmp_path: Path) -> None:
    data = library(write_pictures(tmp_path / "data", 4), tmp_path / "cache").at(20)
    assert (data.images.shape, data.images.dtype) == ((12, 3, 20, 20), np.dtype(np.uint8))
    assert data.classes == CLASSES
    assert data.targets.tolist() == [0] * 4 + [1] * 4 + [2] * 4


def test_small_images_are_not_enlarged_on_disk(tmp_path: Path) -> None:
    assert library(write_pictures(tmp_path / "data", 2), tmp_path / "cache").at(224).images.shape[-1] == 64


def test_images_are_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_pictures(tmp_path / "data", 2)
    before = library(folder, tmp_path / "cache").at(16)
    monkeypatch.setattr("scripts.lab.comparison.images.Decoders", None)
    assert np.array_equal(library(folder, tmp_path / "cache").at(16).images, before.images)


def test_another_side_is_of_the_same_images(tmp_path: Path) -> None:
    shelf = library(write_pictures(tmp_path / "data", 4), tmp_path / "cache", limit=6)
    assert shelf.at(16).fingerprint == shelf.at(24).fingerprint


def test_an_image_that_can_t_be_read_is_left_out_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_pictures(tmp_path / "data", 3)
    (folder / "circle" / "001.png").write_text("no image")
    data = library(folder, tmp_path / "cache").at(16)
    assert (len(data.images), data.targets.tolist()) == (8, [0] * 2 + [1] * 3 + [2] * 3)
    assert "1 image that can't be read" in capsys.readouterr().out


def test_data_without_two_classes_that_can_be_read_are_refused(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "data", 1, CLASSES[:2])
    (folder / "circle" / "000.png").write_text("no image")
    with pytest.raises(ComparisonError, match="no two classes"):
        library(folder, tmp_path / "cache").at(16)


def test_a_limit_takes_of_each_class_its_share(tmp_path: Path) -> None:
    data = library(write_pictures(tmp_path / "data", 8), tmp_path / "cache", limit=6).at(16)
    assert np.bincount(data.targets).tolist() == [2, 2, 2]


def test_parts_are_70_15_15_of_each_class_and_share_no_image(tmp_path: Path) -> None:
    data = library(write_pictures(tmp_path / "data", 20), tmp_path / "cache").at(8)
    split = parted(data, seed=0)
    assert [np.bincount(data.targets[rows]).tolist() for rows in vars(split).values()] == [[14] * 3, [3] * 3, [3] * 3]
    assert sorted(np.concatenate(list(vars(split).values()))) == list(range(60))


def test_the_datas_own_test_images_are_tested_on(tmp_path: Path) -> None:
    write_pictures(tmp_path / "data", 10, below="train")
    data = library(write_pictures(tmp_path / "data", 5, below="test"), tmp_path / "cache").at(8)
    split = parted(data, seed=0)
    assert data.test is not None
    assert split.test.tolist() == np.flatnonzero(data.test).tolist()
    assert (len(split.train), len(split.validation)) == (24, 6)


@pytest.mark.parametrize("below", ["", "train"])
def test_near_duplicates_are_not_parted(below: str, tmp_path: Path) -> None:
    if below:
        write_pictures(tmp_path / "data", 5, below="test")
    data = library(write_pictures(tmp_path / "data", 20, below=below), tmp_path / "cache").at(8)
    groups = np.arange(len(data.targets)) // 2
    split = parted(replace(data, groups=groups), seed=0)
    assert not set(groups[split.train]) & set(groups[split.validation])


def test_copies_of_an_image_are_one_group_at_every_side(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "data", 8)
    Image.open(folder / "circle" / "000.png").save(folder / "circle" / "copy.bmp")
    shelf = library(folder, tmp_path / "cache")
    small, large = (grouped(shelf, side) for side in (16, 32))
    assert small.groups is not None
    assert large.groups is not None
    # The copy comes after the eight circles.
    assert small.groups[8] == small.groups[0]
    assert len(np.unique(small.groups)) == len(small.groups) - 1
    assert np.array_equal(small.groups, large.groups)
    assert small.fingerprint == large.fingerprint != shelf.at(16).fingerprint


def test_too_few_images_for_all_parts_are_refused(tmp_path: Path) -> None:
    data = library(write_pictures(tmp_path / "data", 1), tmp_path / "cache").at(8)
    with pytest.raises(ComparisonError, match="none is left for validation and test"):
        parted(data, seed=0)
