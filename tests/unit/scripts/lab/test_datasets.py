"""Where labelled images and their true classes come from."""

import tarfile
from collections import Counter
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scripts.lab.datasets import DataError, ImageSource, digit_image, open_source, select


def picture(folder: Path, name: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (9, 7), "red").save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "animals"
    for name in ("cat/1.png", "cat/2.JPG", "dog/a/b/boxer/3.png", "BACKGROUND_Google/4.png", "5.png"):
        picture(made, name)
    (made / "cat" / "notes.txt").write_text("not an image")
    return made


def read_all(source: ImageSource) -> list[bytes]:
    return [image.content for image in source.read(range(len(source.labels)))]


def test_the_digits_need_no_download_and_are_readable_by_a_person(tmp_path: Path) -> None:
    source = open_source("digits", tmp_path / "downloads")
    first = next(source.read([0]))
    assert (len(source.labels), source.classes) == (1797, list("0123456789"))
    assert min(Image.open(BytesIO(first.content)).size) >= 64
    assert not (tmp_path / "downloads").exists()


def test_a_digit_is_dark_ink_on_white_paper() -> None:
    pixels = np.zeros((8, 8))
    pixels[2:6, 2:6] = 16
    picture = np.asarray(digit_image(pixels))
    middle = len(picture) // 2
    assert (picture[middle, middle], picture[0, 0]) == (0, 255)


def test_the_class_of_a_file_is_its_folder(folder: Path, tmp_path: Path) -> None:
    source = open_source(str(folder), tmp_path)
    assert source.labels == ["cat", "cat", "boxer"]
    assert source.classes == ["boxer", "cat"]


def test_everything_left_out_is_named(folder: Path, tmp_path: Path) -> None:
    said = "\n".join(open_source(str(folder), tmp_path).left_out)
    assert "1 file without an image in it (cat/notes.txt)" in said
    assert "1 image of BACKGROUND_Google" in said
    assert "1 image outside any class folder (5.png)" in said


def test_a_tar_holds_the_same_images_as_its_folder(folder: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "animals.tar.gz", "w:gz") as archive:
        archive.add(folder, arcname=".")
    from_tar = open_source(str(tmp_path / "animals.tar.gz"), tmp_path)
    assert sorted(read_all(from_tar)) == sorted(read_all(open_source(str(folder), tmp_path)))


def test_a_tar_is_read_by_place_not_by_name(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "bad.tar", "w") as archive:
        for name in ("../../up/cat/1.png", "dog/2.png"):
            member = tarfile.TarInfo(name)
            member.size = 3
            archive.addfile(member, BytesIO(b"abc"))
    assert read_all(open_source(str(tmp_path / "bad.tar"), tmp_path)) == [b"abc", b"abc"]
    assert [path.name for path in tmp_path.iterdir()] == ["bad.tar"]


def test_a_file_that_is_no_tar_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(DataError, match="no folder and no tar"):
        open_source(str(tmp_path / "notes.txt"), tmp_path)


def test_a_folder_with_one_class_is_refused(tmp_path: Path) -> None:
    picture(tmp_path, "cat/1.png")
    with pytest.raises(DataError, match="two are needed"):
        open_source(str(tmp_path), tmp_path)


def test_an_unknown_name_says_what_may_be_given(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="digits"):
        open_source("no-such-data", tmp_path)


def test_a_limit_takes_of_each_class_its_share() -> None:
    labels = ["a"] * 600 + ["b"] * 300 + ["c"] * 100
    chosen = Counter(labels[index] for index in select(labels, 100, np.random.default_rng(0)))
    assert chosen == {"a": 60, "b": 30, "c": 10}


def test_a_limit_leaves_no_class_out_where_it_can() -> None:
    labels = ["common"] * 1000 + ["rare"]
    assert "rare" in {labels[index] for index in select(labels, 2, np.random.default_rng(0))}


def test_the_same_seed_chooses_the_same_images() -> None:
    labels = ["a", "b"] * 50
    first, second, other = (select(labels, 20, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == second != other


@pytest.mark.parametrize("limit", [None, 3, 4])
def test_a_limit_above_the_number_of_images_takes_all(limit: int | None) -> None:
    assert select(["a", "b", "a"], limit, np.random.default_rng(0)) == [0, 1, 2]
