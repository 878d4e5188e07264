"""A training, from the first epoch to its result."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch

from model.errors import CancelledError, InputError, TrainingError
from model.networks.network import Network
from model.networks.registry import build
from model.training import module as training_module
from model.training.fit import train
from model.training.history import Epoch
from model.training.options import Augmentation, Optimiser, Resampling, Schedule, TrainingOptions
from model.training.predict import logits
from tests.unit.model.networks.tiny import tiny
from tests.unit.model.training.conftest import Data

OPTIONS = TrainingOptions(epochs=3, head_epochs=1, batch_size=16, rate=0.02, augmentation="none")


def accuracy(network: Network, data: Data) -> float:
    rows = data.split.test
    return float((logits(network, data.images[rows]).argmax(axis=1) == data.labels[rows]).mean())


@pytest.mark.parametrize("pretrained", [False, True])
def test_a_network_learns(data: Data, pretrained: bool) -> None:
    options = replace(OPTIONS, epochs=8, body_rate=1.0, freeze_batch_norm=False)
    trained = train(tiny(pretrained=pretrained), data.images, data.labels, data.split, options)
    assert accuracy(trained.network, data) > 0.9
    assert trained.history[-1].train_loss < trained.history[0].train_loss
    assert not trained.network.training


def test_the_best_weights_are_restored_and_the_training_stops_when_they_are_old(data: Data) -> None:
    labels = data.labels.copy()
    # What is right in training is wrong in validation: the better it learns, the worse it looks.
    labels[data.split.validation] = (labels[data.split.validation] + 1) % 3
    options = replace(OPTIONS, epochs=20, patience=2, body_rate=1.0)
    trained = train(tiny(pretrained=False), data.images, labels, data.split, options)
    best = trained.history[trained.best_epoch - 1]
    assert len(trained.history) == trained.best_epoch + 2 < 20
    assert best.validation_loss == min(epoch.validation_loss for epoch in trained.history)
    rows = data.split.validation
    answers = torch.from_numpy(logits(trained.network, data.images[rows]))
    assert torch.nn.functional.cross_entropy(answers, torch.from_numpy(labels[rows])).item() == pytest.approx(
        best.validation_loss, rel=1e-4
    )


def test_the_head_learns_first_and_alone(data: Data) -> None:
    network = tiny()
    before = [parameter.clone() for parameter in network.body.parameters()]
    head = network.head.weight.clone()
    trained = train(network, data.images, data.labels, data.split, replace(OPTIONS, epochs=2, head_epochs=2))
    assert [epoch.phase for epoch in trained.history] == ["head", "head"]
    assert all(torch.equal(a, b) for a, b in zip(network.body.parameters(), before, strict=True))
    assert not torch.equal(network.head.weight, head)


def test_without_pretrained_weights_all_layers_learn_from_the_first_epoch(data: Data) -> None:
    trained = train(tiny(pretrained=False), data.images, data.labels, data.split, replace(OPTIONS, epochs=1))
    assert [epoch.phase for epoch in trained.history] == ["body"]


@pytest.mark.parametrize(("blocks", "changed"), [(0, [False, False]), (1, [False, True]), (None, [True, True])])
def test_only_so_many_blocks_learn_counted_from_the_top(data: Data, blocks: int | None, changed: list[bool]) -> None:
    network = tiny()
    first = [next(block.parameters()) for block in network.blocks]
    before = [parameter.clone() for parameter in first]
    train(network, data.images, data.labels, data.split, replace(OPTIONS, unfrozen_blocks=blocks))
    assert [not torch.equal(a, b) for a, b in zip(first, before, strict=True)] == changed


@pytest.mark.parametrize(
    ("pretrained", "freeze", "kept"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_batch_normalisation_keeps_what_it_learned_before(
    data: Data, pretrained: bool, freeze: bool, kept: bool
) -> None:
    network = tiny(pretrained=pretrained)
    train(network, data.images, data.labels, data.split, replace(OPTIONS, epochs=2, freeze_batch_norm=freeze))
    assert torch.equal(network.body.get_submodule("1").running_mean, torch.zeros(6)) == kept


def test_frozen_blocks_keep_their_statistics_even_where_others_learn(data: Data) -> None:
    network = tiny()
    options = replace(OPTIONS, unfrozen_blocks=1, freeze_batch_norm=False)
    train(network, data.images, data.labels, data.split, options)
    assert torch.equal(network.body.get_submodule("1").running_mean, torch.zeros(6))
    assert not torch.equal(network.body.get_submodule("4").running_mean, torch.zeros(8))


def test_the_same_seed_gives_the_same_weights(data: Data) -> None:
    options = replace(OPTIONS, augmentation="light", mixup=0.2, dropout=0.3)
    one, other = (train(tiny(), data.images, data.labels, data.split, options).network for _ in range(2))
    assert torch.equal(one.head.weight, other.head.weight)


@pytest.mark.parametrize(
    "setting",
    [
        *({"optimiser": name} for name in get_args(Optimiser)),
        *({"schedule": name} for name in get_args(Schedule)),
        *({"augmentation": name} for name in get_args(Augmentation)),
        *({"resampling": name} for name in get_args(Resampling)),
        {"mixup": 0.4, "cutmix": 1, "label_smoothing": 0.1, "resampling": "class_weights"},
    ],
    ids=str,
)
def test_every_setting_trains(data: Data, setting: dict[str, str | float]) -> None:
    trained = train(tiny(), data.images, data.labels, data.split, replace(OPTIONS, epochs=2, **setting))
    assert len(trained.history) == 2


def test_training_images_alone_are_augmented_and_before_they_are_normalised(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    augmented: list[torch.Tensor] = []

    def keep(pixels: torch.Tensor) -> torch.Tensor:
        augmented.append(pixels)
        return pixels

    monkeypatch.setattr(training_module, "augmentation", lambda _name: keep)
    train(tiny(), data.images, data.labels, data.split, replace(OPTIONS, epochs=1))
    images = torch.cat(augmented)
    assert images.dtype == torch.uint8
    expected = sorted(data.images[row].tobytes() for row in data.split.train)
    assert sorted(image.numpy().tobytes() for image in images) == expected


def test_images_of_another_size_are_read_lazily_and_resized(data: Data, tmp_path: Path) -> None:
    large = np.memmap(tmp_path / "images", np.uint8, "w+", shape=(90, 3, 20, 20))
    large[:] = np.repeat(np.repeat(data.images, 3, axis=2), 3, axis=3)[:, :, :20, :20]
    trained = train(tiny(), large, data.labels, data.split, replace(OPTIONS, epochs=1))
    assert len(trained.history) == 1


def test_progress_is_told_after_each_epoch_with_what_remains(data: Data) -> None:
    told: list[tuple[Epoch, float]] = []
    trained = train(
        tiny(), data.images, data.labels, data.split, OPTIONS, progress=lambda epoch, left: told.append((epoch, left))
    )
    assert tuple(epoch for epoch, _ in told) == trained.history
    assert [epoch.number for epoch, _ in told] == [1, 2, 3]
    assert told[0][1] == pytest.approx(2 * told[0][0].seconds)
    assert told[-1][1] == 0


def test_out_of_memory_halves_the_batch_and_says_so(
    data: Data, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def forward(self: Network, images: torch.Tensor) -> torch.Tensor:
        if len(images) > 5:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return self.head(self.body(images))

    monkeypatch.setattr(Network, "forward", forward)
    with caplog.at_level(logging.WARNING, "model.training.fit"):
        trained = train(tiny(), data.images, data.labels, data.split, OPTIONS)
    assert [epoch.batch_size for epoch in trained.history] == [4, 4, 4]
    assert "Out of memory with 16 images in a batch: going on with 8." in caplog.text


def test_memory_for_no_image_at_all_ends_the_training(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    def forward(self: Network, images: torch.Tensor) -> torch.Tensor:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Network, "forward", forward)
    with pytest.raises(TrainingError, match="single image"):
        train(tiny(), data.images, data.labels, data.split, OPTIONS)


def test_a_loss_that_is_not_finite_ends_the_training(data: Data) -> None:
    with pytest.raises(TrainingError, match="lower rate"):
        options = replace(OPTIONS, rate=1e30, optimiser="sgd", epochs=5)
        train(tiny(pretrained=False), data.images, data.labels, data.split, options)


def test_a_cancelled_training_goes_on_where_it_was(data: Data, tmp_path: Path) -> None:
    folder, numbers = tmp_path / "mine", []
    with pytest.raises(CancelledError, match="epoch 2"):
        train(
            tiny(), data.images, data.labels, data.split, OPTIONS,
            folder=folder, progress=lambda epoch, _: numbers.append(epoch.number), cancelled=lambda: bool(numbers),
        )  # fmt: skip
    train(
        tiny(), data.images, data.labels, data.split, OPTIONS,
        folder=folder, progress=lambda epoch, _: numbers.append(epoch.number),
    )  # fmt: skip
    assert numbers == [1, 2, 3]


def test_a_finished_training_is_not_repeated(data: Data, tmp_path: Path) -> None:
    network = build("cnn-small:4-4-4:3-3-3", 3, input_size=8)
    again = build("cnn-small:4-4-4:3-3-3", 3, input_size=8)
    first = train(network, data.images, data.labels, data.split, OPTIONS, folder=tmp_path / "mine")
    second = train(again, data.images, data.labels, data.split, OPTIONS, folder=tmp_path / "mine", progress=pytest.fail)
    assert second.history == first.history
    assert torch.equal(again.head.weight, network.head.weight)
    assert list(tmp_path.iterdir()) == [tmp_path / "mine"]


def test_a_folder_of_another_training_is_refused(data: Data, tmp_path: Path) -> None:
    name = "cnn-small:4-4-4:3-3-3"
    options = replace(OPTIONS, epochs=1)
    train(build(name, 3, input_size=8), data.images, data.labels, data.split, options, folder=tmp_path / "mine")
    with pytest.raises(InputError, match="another training"):
        other = replace(options, seed=1)
        train(build(name, 3, input_size=8), data.images, data.labels, data.split, other, folder=tmp_path / "mine")


def test_a_resolution_that_the_network_is_not_built_for_is_refused(data: Data) -> None:
    with pytest.raises(InputError, match="input_size=160"):
        train(tiny(), data.images, data.labels, data.split, replace(OPTIONS, resolution=160))


def test_a_side_without_images_is_refused(data: Data) -> None:
    with pytest.raises(InputError, match="validation"):
        empty = replace(data.split, validation=data.split.validation[:0])
        train(tiny(), data.images, data.labels, empty, OPTIONS)


def test_images_that_are_no_bytes_are_refused(data: Data) -> None:
    with pytest.raises(InputError, match="uint8"):
        train(tiny(), data.images.astype(np.float32), data.labels, data.split, OPTIONS)
