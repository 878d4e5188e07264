"""What can be simulated on: archives, folders, tars, Label Studio projects; and how it is split."""

import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from model.backbone.backbone import Origin
from model.networks import storage
from model.networks.registry import ANY_CLASSES, build
from scripts.lab.simulation import archive
from scripts.lab.simulation.errors import SimulationError
from scripts.lab.simulation.labelled import LabelledData, load
from scripts.lab.simulation.sources import prepare
from scripts.lab.simulation.splits import SplitOptions, rows
from scripts.lab.sources import set_aside
from tests.support.label_studio import RunningLabelStudio
from tests.support.pictures import picture
from tests.support.project import LabelledProject
from tests.unit.model.samples import clouds
from tests.unit.scripts.lab.simulation.simulated import data_of, write_npz

ORIGIN = Origin("efficientnet-lite0")


@pytest.fixture
def cache(tmp_path: Path, backbones: Path) -> Path:
    """A cache that holds the exported backbone and nothing else."""
    made = tmp_path / "cache"
    made.mkdir()
    (made / "backbones").symlink_to(backbones)
    return made


def pictures(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(number % 2, seed=number))
    return folder


def test_numbers_in_an_archive_are_classes_of_their_own_names(tmp_path: Path) -> None:
    data = archive.read(write_npz(tmp_path / "a.npz", 6, y=np.array([7, 3, 7, 3, 11, 11])))
    assert data.classes == ("3", "7", "11")
    assert data.targets.tolist() == [1, 0, 1, 0, 2, 2]
    assert data.test is None


def test_names_in_an_archive_may_come_with_the_order_of_the_classes(tmp_path: Path) -> None:
    names, order = np.array(["cat", "dog"] * 3), np.array(["dog", "fox", "cat"])
    data = archive.read(write_npz(tmp_path / "a.npz", 6, y=names, classes=order))
    assert data.classes == ("dog", "fox", "cat")
    assert data.targets.tolist() == [2, 0] * 3


def test_an_archive_may_set_images_aside_for_testing(tmp_path: Path) -> None:
    test = np.arange(12) % 4 == 0
    data = archive.read(write_npz(tmp_path / "a.npz", 12, test=test))
    pool, tested = rows(data, 0, SplitOptions(0.15, None))
    assert sorted(tested) == [0, 4, 8]
    assert sorted(pool) == [row for row in range(12) if row % 4]


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"X": None}, "no array X"),
        ({"y": None}, "no array y: it holds X"),
        ({"X": None, "y": None, "features": np.zeros(3)}, "no array X and no array y: it holds features"),
        ({"y": np.zeros(90, dtype=int)}, "labels of 1 class"),
        ({"y": np.zeros(5, dtype=int)}, r"90 labels are needed"),
        ({"X": np.zeros(90)}, "must be numbers"),
        ({"X": np.full((90, 4), np.nan)}, "row 0 holds a value that is not finite"),
        ({"classes": np.array(["a", "b"])}, "row 2 is not in its `classes`"),
        ({"test": np.zeros(90, dtype=int)}, "yes or no"),
        ({"test": np.zeros(90, dtype=bool)}, "marks 0 of 90"),
    ],
)
def test_what_is_wrong_with_an_archive_is_said(arrays: dict[str, object], said: str, tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match=said):
        archive.read(write_npz(tmp_path / "a.npz", **arrays))


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_text("hello")
    with pytest.raises(SimulationError, match=r"can't be read as \.npz"):
        archive.read(tmp_path / "a.npz")


@pytest.mark.parametrize("data", ["nowhere.npz", "nowhere.tar", "no/where"])
def test_data_that_are_not_there_are_named(data: str, tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match=data):
        prepare(data, "", ORIGIN, tmp_path)


def test_images_are_embedded_once_and_what_can_t_be_read_is_left_out(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = pictures(tmp_path / "kinds", "circle/1.png", "circle/2.png", "square/1.png", "square/2.png")
    (folder / "square" / "3.png").write_text("no image")
    prepared = prepare(str(folder), "", ORIGIN, cache)
    data = load(prepared.folder)
    assert (data.classes, data.targets.tolist()) == (("circle", "square"), [0, 0, 1, 1])
    assert (data.features.shape, data.features.dtype) == ((4, 1280), np.dtype(np.float16))
    monkeypatch.setattr("scripts.lab.simulation.pictures.embed", None)
    assert prepare(str(folder), "", ORIGIN, cache) == prepared


def test_another_backbone_embeds_the_images_again_and_is_named(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "kinds", "circle/1.png", "square/1.png")
    network = build("cnn-small:4-4-4:3-3-3", ANY_CLASSES, input_size=32)
    storage.save(network, tmp_path / "network", record={})
    prepared = prepare(str(folder), "", Origin(str(tmp_path / "network")), tmp_path / "cache")
    assert load(prepared.folder).features.shape == (2, network.width)
    assert str(prepared.backbone).startswith("cnn-small-4-4-4-3-3-3-")


def test_a_backbone_that_can_not_be_had_is_named_in_one_line(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "kinds", "circle/1.png", "square/1.png")
    with pytest.raises(SimulationError, match=r"^There is no file of weights nowhere\.pth\. "):
        prepare(str(folder), "", Origin("resnet18", "nowhere.pth"), tmp_path / "cache")


def test_images_that_changed_are_embedded_again(tmp_path: Path, cache: Path) -> None:
    folder = pictures(tmp_path / "kinds", "circle/1.png", "square/1.png")
    before = prepare(str(folder), "", ORIGIN, cache)
    pictures(folder, "circle/2.png")
    assert prepare(str(folder), "", ORIGIN, cache) != before


def test_a_tar_with_a_test_folder_is_tested_on_it(tmp_path: Path, cache: Path) -> None:
    names = [f"{part}/{kind}/{number}.png" for part in ("train", "test") for kind in "ab" for number in range(2)]
    with tarfile.open(tmp_path / "kinds.tar.xz", "w:xz") as archived:
        archived.add(pictures(tmp_path / "kinds", *names), arcname="kinds")
    data = load(prepare(str(tmp_path / "kinds.tar.xz"), "", ORIGIN, cache).folder)
    assert data.test is not None
    assert data.test.sum() == 4
    assert np.bincount(data.targets[data.test]).tolist() == [2, 2]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["train/a/1.png", "test/a/2.png"], [False, True]),
        (["data/x/train/a/1.png", "data/x/test/a/2.png"], [False, True]),
        (["train/1.png", "test/2.png"], None),
        (["train/a/1.png", "test/a/2.png", "more/a/3.png"], None),
        (["a/1.png", "b/2.png"], None),
        ([], None),
    ],
)
def test_only_folders_train_and_test_above_the_classes_set_images_aside(
    paths: list[str], expected: list[bool] | None
) -> None:
    aside = set_aside(paths)
    assert (None if aside is None else aside.tolist()) == expected


def test_a_split_keeps_each_class_share_and_loses_nothing() -> None:
    data = data_of(100, 4)
    pool, test = rows(data, 3, SplitOptions(0.2, None))
    assert np.bincount(data.targets[test]).tolist() == [5, 5, 5, 5]
    assert sorted([*pool, *test]) == list(range(100))


def test_splits_of_another_number_differ_and_of_the_same_are_equal() -> None:
    data = data_of()
    first, again, other = (rows(data, number, SplitOptions(0.2, 40)) for number in (0, 0, 1))
    assert np.array_equal(first[0], again[0])
    assert not np.array_equal(first[0], other[0])
    assert len(first[0]) == 40


def test_a_pool_is_drawn_anew_for_each_split_though_the_test_images_stay(tmp_path: Path) -> None:
    test = np.arange(60) % 4 == 0
    data = archive.read(write_npz(tmp_path / "a.npz", 60, test=test))
    (first, tested), (other, again) = (rows(data, number, SplitOptions(0.15, 12)) for number in (0, 1))
    assert len(first) == len(other) == 12
    assert set(first) != set(other)
    assert set(tested) == set(again) == set(np.flatnonzero(test))
    assert not test[first].any()


def test_a_class_of_one_image_is_named() -> None:
    features, labels = clouds(20, 2)
    data = LabelledData.of("few", features, np.append(labels[:19], 2), ("cat", "dog", "unicorn"))
    with pytest.raises(SimulationError, match="these have 1: unicorn"):
        rows(data, 0, SplitOptions(0.2, None))


@pytest.mark.parametrize(
    ("options", "said"),
    [(SplitOptions(0.01, None), "--test"), (SplitOptions(0.2, 1), "--pool"), (SplitOptions(0.2, 500), "--pool 500")],
)
def test_a_part_too_small_for_all_classes_names_its_option(options: SplitOptions, said: str) -> None:
    with pytest.raises(SimulationError, match=said):
        rows(data_of(), 0, options)


def test_a_labelled_project_is_read_with_the_labels_of_the_loop(
    label_studio: RunningLabelStudio, make_project: Callable[..., LabelledProject], cache: Path
) -> None:
    project = make_project(per_class=3)
    circle, square, skipped, *_ = project.tasks
    for task in (circle, square):
        project.submit(task)
    project.skip(skipped)
    address = f"{label_studio.url}/projects/{project.id}/data?tab=1"
    data = load(prepare(address, label_studio.token, ORIGIN, cache).folder)
    assert (data.classes, data.targets.tolist()) == (("circle", "square"), [0, 1])


def test_a_project_that_label_studio_does_not_show_is_named(label_studio: RunningLabelStudio, tmp_path: Path) -> None:
    for address, token, said in (
        (f"{label_studio.url}/projects/99999", label_studio.token, "99999"),
        (f"{label_studio.url}/projects/1", "wrong", "refuses the token"),
        (f"{label_studio.url}/projects/1", "", "No token"),
        (f"{label_studio.url}/user", label_studio.token, "no project's address"),
    ):
        with pytest.raises(SimulationError, match=said):
            prepare(address, token, ORIGIN, tmp_path)
