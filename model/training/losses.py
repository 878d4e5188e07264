"""The loss of training images."""

import torch

from model.arrays import IntArray
from model.training.options import TrainingOptions
from model.training.sampling import class_weights, log_priors


class TrainingLoss(torch.nn.Module):
    """Cross-entropy with label smoothing, and with class weights or logit adjustment where the options say so."""

    weights: torch.Tensor | None
    priors: torch.Tensor | None

    def __init__(self, labels: IntArray, classes: int, options: TrainingOptions) -> None:
        """Count the classes.

        Args:
            labels: (n,) of the training rows.
            classes: k.
            options: how to train.
        """
        super().__init__()
        weights = class_weights(labels, classes) if options.resampling == "class_weights" else None
        priors = log_priors(labels, classes) if options.resampling == "logit_adjustment" else None
        self.register_buffer("weights", None if weights is None else torch.from_numpy(weights))
        self.register_buffer("priors", None if priors is None else torch.from_numpy(priors))
        self.smoothing = options.label_smoothing

    def forward(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """The mean loss of logits (n, k) against labels (n,) or probabilities (n, k)."""
        adjusted = logits if self.priors is None else logits + self.priors
        return torch.nn.functional.cross_entropy(adjusted, targets, weight=self.weights, label_smoothing=self.smoothing)


class RunningMeans:
    """Loss and accuracy, added up batch by batch; read once, since a GPU is waited for then."""

    def __init__(self) -> None:
        self._images = 0
        self._loss = torch.zeros(())
        self._right = torch.zeros(())

    def add(self, loss: torch.Tensor, logits: torch.Tensor, targets: torch.Tensor) -> None:
        """Count a batch: its mean loss, and logits (n, k) against labels (n,) or probabilities (n, k)."""
        truth = targets.argmax(dim=1) if targets.ndim == 2 else targets
        self._images += len(logits)
        self._loss = self._loss.to(loss.device) + loss.detach() * len(logits)
        self._right = self._right.to(loss.device) + (logits.argmax(dim=1) == truth).sum()

    @property
    def loss(self) -> float:
        """Mean over the images."""
        return float(self._loss) / self._images

    @property
    def accuracy(self) -> float:
        """Share of the images, in [0, 1]."""
        return float(self._right) / self._images
