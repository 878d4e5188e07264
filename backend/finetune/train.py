"""Train a network on a project's labels, and make its body a backbone."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from backend.finetune.training_set import TrainingSet
from backend.store.backbones import LEARNED, BackboneStore
from model.arrays import BoolArray
from model.backbone.backbone import Backbone, Origin
from model.files import whole_folder
from model.networks import storage
from model.networks.export import export
from model.networks.frozen import freeze
from model.networks.network import Network
from model.networks.registry import ANY_CLASSES, architecture, build
from model.networks.weights import NONE
from model.training.fit import Progress, TrainingResult, train
from model.training.recipe import Recipe
from model.training.warm import warm_options, warm_start

FEW_LABELS: Mapping[str, Any] = {"epochs": 20, "head_epochs": 4, "batch_size": 32, "body_rate": 0.3}
"""Where a project has some hundred labels, an epoch is few steps: the usual options, made for thousands, end before the
body has learned much."""


def origin(network: str, base: Origin) -> Origin:
    """What a training from pretrained weights begins with.

    Args:
        network: the one requested; empty for the base's.
        base: of the backbone that the settings name.
    """
    return base if network in ("", base.name) else Origin(network)


def recipe(start: Origin, options: Mapping[str, Any], seed: int) -> Recipe:
    """What is trained and how: the options that suit few labels, overridden by those requested.

    Raises:
        InputError: an unknown option, or one of another type or out of its range.
    """
    usual = {"seed": seed, "resolution": start.input_size, **FEW_LABELS}
    return Recipe.from_json({"model": start.name, "options": {**usual, **options}})


@dataclass(frozen=True)
class PreviousNetwork:
    """A fine-tuned network that a training goes on from.

    Attributes:
        folder: of the network; called as its backbone's version.
        name: of what was trained.
        side: in pixels, of the images that it takes.
        learned: class by task of all that it learned from.
        renamed: today's name by the former one, of its classes that were renamed.
    """

    folder: Path
    name: str
    side: int
    learned: Mapping[int, str]
    renamed: Mapping[str, str]

    @classmethod
    def of(cls, version: str, backbones: BackboneStore, current: Callable[[str], str | None]) -> Self:
        """The network whose body a backbone is.

        Args:
            version: of the backbone.
            backbones: where it is.
            current: today's name of a class, or None where it was removed.
        """
        folder = backbones.network(version)
        network = storage.load(folder)
        names = {name: current(name) for name in network.classes}
        renamed = {name: now for name, now in names.items() if now is not None and now != name}
        return cls(folder, network.name, network.input_size, backbones.learned(version), renamed)

    def knows(self, images: TrainingSet) -> BoolArray:
        """(n,) whether it learned from a row, and the label that the row has."""
        learned = {task: self.renamed.get(choice, choice) for task, choice in self.learned.items()}
        pairs = zip(images.task_ids.tolist(), images.targets.tolist(), strict=True)
        return np.array([learned.get(task) == images.classes[target] for task, target in pairs], dtype=bool)


@dataclass(frozen=True)
class StartingPoint:
    """What a training begins with.

    Attributes:
        recipe: network and options of a training from pretrained weights.
        weights: these: `pretrained`, or a file.
        before: what it goes on from; None for the pretrained weights.
    """

    recipe: Recipe
    weights: str
    before: PreviousNetwork | None

    @property
    def fits(self) -> bool:
        """Whether the previous network is the one that the recipe names, for images of the same size."""
        before, recipe = self.before, self.recipe
        return before is None or (
            before.name == architecture(recipe.network) and recipe.options.resolution in (None, before.side)
        )

    @property
    def epochs(self) -> int:
        """At most."""
        options = self.recipe.options
        return options.epochs if self.before is None else warm_options(options).epochs

    @property
    def side(self) -> int:
        """In pixels, of the images that it takes."""
        if self.before is not None:
            return self.before.side
        return self.recipe.options.resolution or build(self.recipe.network, ANY_CLASSES, weights=NONE).input_size


def run(
    start: StartingPoint,
    images: TrainingSet,
    folder: Path,
    progress: Progress,
    cancelled: Callable[[], bool],
) -> TrainingResult:
    """Train; killed, the same call goes on after its last whole epoch, and returns at once where it was done.

    Args:
        start: what to begin with.
        images: what to train on.
        folder: for the network.
        progress: called after each epoch.
        cancelled: asked before each batch.

    Raises:
        InputError: a network or options that don't go together, or too few images.
        WeightsError: pretrained weights that can't be had.
        CancelledError: `cancelled` said so.
        TrainingError: a loss that is not finite, or memory too small for a single image.
    """
    options, split, before = start.recipe.options, images.split, start.before
    if before is None:
        side, seed = options.resolution, options.seed
        network = build(start.recipe.network, images.classes, weights=start.weights, input_size=side, seed=seed)
    else:
        warm = warm_start(
            storage.load(before.folder),
            images.classes,
            images.targets,
            split,
            ~before.knows(images),
            options,
            renamed={old: name for old, name in before.renamed.items() if name in images.classes},
        )
        network, split, options = warm.network, warm.split, warm.options
    return train(
        network,
        images.images,
        images.targets,
        split,
        options,
        folder=folder,
        progress=progress,
        cancelled=cancelled,
    )


def keep(network: Network, learned: Mapping[int, str], folder: Path, backbones: BackboneStore) -> Backbone:
    """Make a trained network's body a backbone: export it, compared with PyTorch, and keep the network itself.

    Args:
        network: trained.
        learned: class by task, of all that it learned from.
        folder: that `run` put it into.
        backbones: where to.

    Raises:
        ExportError: ONNX Runtime and PyTorch differ by too much.
    """
    backbone = freeze(network)
    export(backbone, backbones.export(backbone.version), network.body)
    if not backbones.network(backbone.version).exists():
        with whole_folder(backbones.network(backbone.version)) as unfinished:
            for file in folder.iterdir():
                shutil.copyfile(file, unfinished / file.name)
            (unfinished / LEARNED).write_text(json.dumps(learned, ensure_ascii=False))
    return backbone
