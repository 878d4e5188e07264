"""A frozen network with the loop's head: exported and run as the loop runs it, then a fit of seconds."""

import time
from pathlib import Path

import numpy as np
from PIL import Image

from model.arrays import FloatArray, IntArray
from model.backbone.embedder import OnnxEmbedder
from model.head.calibrate import fit_temperature
from model.head.evaluation import LEAST_PROBABILITY
from model.head.fitting import fit, lower_absent
from model.head.head import FeatureTransform, Head
from model.networks.export import export
from model.networks.frozen import freeze
from model.networks.network import Network
from model.training.splits import TrainingSplit
from scripts.cli.progress import progress
from scripts.lab.comparison import speed
from scripts.lab.comparison.images import LabelledImages, Pixels
from scripts.lab.comparison.outcome import ModelOutcome, PlannedModel

L2S = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
"""Regularisations to choose from by the validation images."""
SLICE = 64
"""Images that are handed to the embedder at a time."""


def run(
    planned: PlannedModel, network: Network, data: LabelledImages, split: TrainingSplit, backbones: Path
) -> ModelOutcome:
    """Fit our head to a network's features.

    Args:
        planned: what it is called, and how it is made.
        network: its body is used; its own head only counts for its size.
        data: images with a class.
        split: train fits the head, validation chooses its regularisation.
        backbones: folder for exported networks.

    Raises:
        ExportError: the network can't be exported, or differs then.
        InputError: fewer than two classes to train on.
    """
    begun = time.perf_counter()
    backbone = freeze(network)
    export(backbone, backbones / backbone.version, network.body)
    embedding = time.perf_counter()
    features = embed(OnnxEmbedder(backbones / backbone.version), data.images, planned.model)
    rate = len(features) / (time.perf_counter() - embedding)
    head = best_head(features, data.targets, data.classes, split)
    return ModelOutcome(
        model=planned.model,
        logits=_of_all_classes(head, features, data.classes),
        history=(),
        best_epoch=None,
        settings=planned.settings | {"l2": head.l2},
        parameters=speed.parameters(network),
        megabytes=speed.megabytes(network),
        seconds=time.perf_counter() - begun,
        images_per_second=rate,
        device=speed.device(),
    )


def embed(embedder: OnnxEmbedder, images: Pixels, what: str) -> FloatArray:
    """Features of all images: float32 (n, width), n >= 1.

    Args:
        embedder: of the network.
        images: uint8 (n, 3, s, s).
        what: for the progress bar.
    """
    parts = []
    with progress(what, len(images), "image") as bar:
        for start in range(0, len(images), SLICE):
            slice_of = [Image.fromarray(pixels.transpose(1, 2, 0)) for pixels in images[start : start + SLICE]]
            parts.append(embedder.embed(slice_of))
            bar.advance(len(slice_of))
    return np.concatenate(parts)


def best_head(features: FloatArray, targets: IntArray, classes: tuple[str, ...], split: TrainingSplit) -> Head:
    """The head, fitted on the training images, whose calibrated loss on the validation images is least.

    Args:
        features: (n, d) of all images.
        targets: (n,) index into `classes`.
        classes: k names.
        split: of the n rows.
    """
    # The mean is of training images alone: the others are not to have any part in it.
    transform = FeatureTransform.of(features[split.train])
    heads = [fit(features[split.train], targets[split.train], classes, transform, l2=l2) for l2 in L2S]
    losses = [_loss(head, features[split.validation], targets[split.validation], classes) for head in heads]
    return heads[int(np.argmin(losses))]


def _loss(head: Head, features: FloatArray, targets: IntArray, classes: tuple[str, ...]) -> float:
    logits = _of_all_classes(head, features, classes)
    logits = logits / fit_temperature(logits, targets)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    right = powers[np.arange(len(targets)), targets] / powers.sum(axis=1)
    return float(-np.log(np.maximum(right, LEAST_PROBABILITY)).mean())


def _of_all_classes(head: Head, features: FloatArray, classes: tuple[str, ...]) -> FloatArray:
    """Logits (n, k) float32, those of classes without a training image below all others."""
    columns = [classes.index(name) for name in head.classes]
    logits = np.zeros((len(features), len(classes)), dtype=np.float32)
    logits[:, columns] = head.logits(features)
    return lower_absent(logits, np.setdiff1d(np.arange(len(classes)), columns))
