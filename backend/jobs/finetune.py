"""Train a network on a project's labels, and make its body a backbone."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backend.material import Material
from backend.store.backbones import BackboneStore
from model.arrays import BoolArray
from model.backbones import Backbone
from model.export import export
from model.files import whole_folder
from model.networks.frozen import freeze
from model.networks.network import Network
from model.networks.registry import build
from model.networks.saved import load
from model.networks.weights import NONE
from model.training.fit import Progress, train
from model.training.recipe import Recipe
from model.training.warm import warm_options, warm_start

LEARNED = "learned.json"
"""Beside a fine-tuned network: class by task of all that it and those before it learned from."""


@dataclass(frozen=True)
class Start:
    """What a training begins with, and how it goes on.

    Attributes:
        recipe: network and options of a training from pretrained weights.
        before: folder of the fine-tuned network that it goes on from; None for the pretrained weights.
    """

    recipe: Recipe
    before: Path | None

    @classmethod
    def of(cls, recipe: Recipe, before: Path | None) -> "Start":
        """Go on from the network of before, where that is the same network for images of the same size."""
        if before is None or not before.exists():
            return cls(recipe, None)
        known = load(before)
        fits = known.name == recipe.network and recipe.options.resolution in (None, known.input_size)
        return cls(recipe, before if fits else None)

    @property
    def epochs(self) -> int:
        """At most."""
        options = self.recipe.options
        return options.epochs if self.before is None else warm_options(options).epochs

    @property
    def side(self) -> int:
        """In pixels, of the images that it takes."""
        if self.before is not None:
            return load(self.before).input_size
        return self.recipe.options.resolution or build(self.recipe.network, 2, weights=NONE).input_size

    def learned(self) -> dict[int, str]:
        """Class by task of all that it has learned from."""
        if self.before is None:
            return {}
        return {int(task): choice for task, choice in json.loads((self.before / LEARNED).read_text()).items()}


def run(
    start: Start,
    material: Material,
    renamed: Mapping[str, str],
    folder: Path,
    progress: Progress,
    cancelled: Callable[[], bool],
) -> Network:
    """Train; killed, the same call goes on after its last whole epoch, and returns at once where it was done.

    Args:
        start: what to begin with.
        material: what to train on.
        renamed: new name by old name of classes.
        folder: for the network.
        progress: called after each epoch.
        cancelled: asked before each batch.

    Raises:
        InputError: a network or options that don't go together, or material that is too small.
        WeightsError: pretrained weights that can't be had.
        CancelledError: `cancelled` said so.
        TrainingError: a loss that is not finite, or memory too small for a single image.
    """
    options, split = start.recipe.options, material.split
    if start.before is None:
        network = build(start.recipe.network, material.classes, input_size=options.resolution, seed=options.seed)
    else:
        warm = warm_start(
            load(start.before),
            material.classes,
            material.targets,
            split,
            _new(start, material, renamed),
            options,
            renamed=renamed,
        )
        network, split, options = warm.network, warm.split, warm.options
    trained = train(
        network,
        material.images,
        material.targets,
        split,
        options,
        folder=folder,
        progress=progress,
        cancelled=cancelled,
    )
    return trained.network


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


def _new(start: Start, material: Material, renamed: Mapping[str, str]) -> BoolArray:
    """(n,) whether the network hasn't learned from a row, or learned another label."""
    learned = {task: renamed.get(choice, choice) for task, choice in start.learned().items()}
    names = [material.classes[target] for target in material.targets.tolist()]
    pairs = zip(material.task_ids.tolist(), names, strict=True)
    return np.array([learned.get(task) != name for task, name in pairs], dtype=bool)
