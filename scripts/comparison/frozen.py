"""A frozen network with the loop's head: features once, then a fit of seconds."""

import time

import numpy as np
import torch

from model.arrays import FloatArray, IntArray
from model.calibrate import fit_temperature
from model.fitting import fit, lower_absent
from model.head import FeatureTransform, Head
from model.metrics import LEAST_PROBABILITY
from model.networks.network import Network
from model.training.splits import Split
from scripts.comparison import speed
from scripts.comparison.images import LabelledImages
from scripts.comparison.outcome import Outcome, Planned
from scripts.comparison.predicting import predict

L2S = (1e-4, 3e-4, 1e-3, 3e-3)
"""Regularisations to choose from by the validation images."""


def run(planned: Planned, network: Network, data: LabelledImages, split: Split) -> Outcome:
    """Fit our head to a network's features.

    Args:
        planned: what it is called, and how it is made.
        network: its body is used; its own head is taken off.
        data: images with a class.
        split: train fits the head, validation chooses its regularisation.

    Raises:
        InputError: fewer than two classes to train on.
    """
    parameters, megabytes = speed.parameters(network), speed.megabytes(network)
    rate = speed.images_per_second(network, data.images)
    begun = time.perf_counter()
    # Its logits are its features then.
    network.head = torch.nn.Identity()  # type: ignore[assignment]
    features = predict(network, data.images, f"{planned.model}, features")
    head = best_head(features, data.targets, data.classes, split)
    seconds = time.perf_counter() - begun
    return Outcome(
        model=planned.model,
        logits=_of_all_classes(head, features, data.classes),
        history=(),
        best_epoch=None,
        settings=planned.settings | {"l2": head.l2},
        parameters=parameters,
        megabytes=megabytes,
        seconds=seconds,
        images_per_second=rate,
        device=speed.device(),
    )


def best_head(features: FloatArray, targets: IntArray, classes: tuple[str, ...], split: Split) -> Head:
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
