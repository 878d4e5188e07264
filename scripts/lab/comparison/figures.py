"""What a model's logits say: figures of each part, and what the report shows of the test images."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from scipy.special import logsumexp

from model.arrays import BoolArray, FloatArray, IntArray
from model.head.calibrate import fit_temperature
from model.head.evaluation import Estimate, Evaluation, evaluate, wilson
from model.head.head import softmax
from model.training.splits import TrainingSplit
from scripts.lab.comparison.outcome import ModelOutcome

TOPS = (1, 5, 10)


@dataclass(frozen=True)
class PartFigures:
    """A model on the images of one part.

    Attributes:
        images: how many.
        loss: mean negative log of the label's probability, in nats, uncalibrated.
        tops: share of labels among the 1, 5, 10 most probable classes; None where there are no more classes than that.
    """

    images: int
    loss: float
    tops: dict[int, Estimate | None]

    @property
    def accuracy(self) -> Estimate:
        """Share of right predictions."""
        top1 = self.tops[1]
        assert top1 is not None  # noqa: S101 - there are always more classes than one
        return top1

    @classmethod
    def of(cls, logits: FloatArray, targets: IntArray) -> Self:
        """Measure.

        Args:
            logits: (n, k), n >= 1, k >= 2.
            targets: (n,) column numbers.
        """
        n, k = logits.shape
        of_label = logits[np.arange(n), targets]
        # Ties count as ranked above: a model that says the same of all classes gets nothing for it.
        rank = (logits >= of_label[:, None]).sum(axis=1)
        return cls(
            images=n,
            loss=float((logsumexp(logits.astype(np.float64), axis=1) - of_label).mean()),
            tops={top: wilson(int((rank <= top).sum()), n) if top < k else None for top in TOPS},
        )


@dataclass(frozen=True, eq=False)
class ModelFigures:
    """A model's figures.

    Attributes:
        outcome: what they are of.
        classes: k names.
        parts: by `train`, `validation` and `test`.
        temperature: fitted on the validation images; logits are divided by it.
        targets: (n,) of the test images.
        raw_probabilities: (n, k) of the test images, without the temperature.
        probabilities: and with it.
        before: evaluation of the raw probabilities.
        after: and of the calibrated ones.
    """

    outcome: ModelOutcome
    classes: tuple[str, ...]
    parts: dict[str, PartFigures]
    temperature: float
    targets: IntArray
    raw_probabilities: FloatArray
    probabilities: FloatArray
    before: Evaluation
    after: Evaluation

    @classmethod
    def of(cls, outcome: ModelOutcome, targets: IntArray, classes: Sequence[str], split: TrainingSplit) -> Self:
        """Measure a model.

        Args:
            outcome: with logits of all n images.
            targets: (n,) index into `classes`.
            classes: names.
            split: of the n rows.
        """
        logits, test = outcome.logits, split.test
        temperature = fit_temperature(logits[split.validation], targets[split.validation])
        raw, calibrated = softmax(logits[test]), softmax(logits[test] / np.float32(temperature))
        return cls(
            outcome=outcome,
            classes=tuple(classes),
            parts={name: PartFigures.of(logits[rows], targets[rows]) for name, rows in vars(split).items()},
            temperature=temperature,
            targets=targets[test],
            raw_probabilities=raw,
            probabilities=calibrated,
            before=evaluate(raw, targets[test], classes),
            after=evaluate(calibrated, targets[test], classes),
        )

    @cached_property
    def predicted(self) -> IntArray:
        """(n,) the most probable class of each test image."""
        found: IntArray = self.probabilities.argmax(axis=1)
        return found

    @cached_property
    def right(self) -> BoolArray:
        """(n,) whether it is the label."""
        found: BoolArray = self.predicted == self.targets
        return found

    @cached_property
    def confusion(self) -> IntArray:
        """(k, k) test images by label and prediction."""
        counts = np.zeros((len(self.classes),) * 2, dtype=np.int64)
        np.add.at(counts, (self.targets, self.predicted), 1)
        return counts

    @cached_property
    def entropy(self) -> FloatArray:
        """(n,) of the calibrated probabilities of each test image, in bits, in [0, log2 k]."""
        # A probability of 0 adds nothing: its logarithm must not be looked at.
        sure = np.where(self.probabilities > 0, self.probabilities, 1)
        found: FloatArray = -(sure * np.log2(sure)).sum(axis=1)
        return found

    def mistakes(self, count: int) -> IntArray:
        """Places among the test images of the wrong predictions, the surest first; (m,), m <= count."""
        wrong = np.flatnonzero(~self.right)
        order = np.argsort(-self.probabilities[wrong].max(axis=1), kind="stable")
        return wrong[order[:count]]

    def confused(self, count: int) -> list[tuple[str, str, int]]:
        """The most frequent mistakes: label, prediction, test images."""
        wrong = self.confusion.copy()
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-wrong, axis=None, kind="stable")[:count]
        pairs = [divmod(int(place), len(self.classes)) for place in order]
        return [(self.classes[i], self.classes[j], int(wrong[i, j])) for i, j in pairs if wrong[i, j]]
