"""What benchmarks that train networks draw of photographs, and how they are asked for."""

from pathlib import Path

import numpy as np
import pytest

from scripts.cli.commands import UsageError
from scripts.lab.benchmarks.drawing import PhotoSample, draw, in_a_process, photographs
from scripts.lab.benchmarks.errors import BenchmarkError
from scripts.lab.benchmarks.options import LONG, BenchmarkName, BenchmarkOptions
from tests.unit.scripts.lab.comparison.compared import write_pictures

SIDE = 16
SAMPLE = PhotoSample(classes=2, images=12, fractions=(0.5, 0.25, 0.25))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_pictures(tmp_path / "pictures", 13)


def test_of_each_class_as_many_images_are_drawn_and_parted(pictures: Path, tmp_path: Path) -> None:
    drawn = draw(photographs(pictures, tmp_path / "cache", SIDE), SAMPLE, 0)
    assert drawn.images.shape == (24, 3, SIDE, SIDE)
    assert len(drawn.classes) == 2
    parts = [np.bincount(drawn.labels[rows]).tolist() for rows in vars(drawn.split).values()]
    assert parts == [[6, 6], [3, 3], [3, 3]]


def test_other_seeds_draw_other_images(pictures: Path, tmp_path: Path) -> None:
    data = photographs(pictures, tmp_path / "cache", SIDE)
    first, again, other = (draw(data, SAMPLE, seed).images for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_too_few_large_classes_are_refused(tmp_path: Path) -> None:
    data = photographs(write_pictures(tmp_path / "few", 11), tmp_path / "cache", SIDE)
    with pytest.raises(BenchmarkError, match="0 classes have 12 images"):
        draw(data, SAMPLE, 0)


def test_data_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"nowhere\.tar"):
        photographs(tmp_path / "nowhere.tar", tmp_path, SIDE)


def test_what_goes_wrong_in_the_process_is_told(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"scripts.nowhere failed .1.: .*No module named scripts.nowhere"):
        in_a_process("scripts.nowhere", tmp_path, tmp_path, 0)


@pytest.mark.parametrize("name", LONG)
def test_they_are_asked_for_by_name_and_with_photographs(name: BenchmarkName, pictures: Path) -> None:
    assert name not in BenchmarkOptions().chosen
    assert BenchmarkOptions(only=[name], caltech=pictures).chosen == (name,)
    with pytest.raises(UsageError, match="--caltech"):
        BenchmarkOptions(only=[name])
