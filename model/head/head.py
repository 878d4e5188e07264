"""The head: multinomial logistic regression on frozen features, as it is applied and stored.

Re-ranking 100,000 images is `FeatureTransform` and one matrix product, about a second. Fitting is in
`model.head.fitting`, kept apart so that a process which only predicts never imports SciPy.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from model.arrays import FloatArray
from model.checks import check_features
from model.errors import InputError
from model.threads import for_each, one_blas_thread

SCALE = 10.0
"""Length of a transformed feature; the range of useful l2 depends on it."""

BLOCK_ROWS = 1024
"""Rows that a thread transforms at a time: 5 MB at 1,280 numbers, small enough for the caches."""

TINY = 1e-12
"""Keeps a feature of zeros (a black image, say) from being divided by zero."""


@dataclass(frozen=True, eq=False)
class FeatureTransform:
    """Makes features comparable: square root that keeps the sign, unit length, minus the mean, unit length, times ten.

    Attributes:
        mean: (d,) float32, the mean of the project's features after the first two steps.

    Source: square root and L2 (RootSIFT): Arandjelovic, Zisserman, "Three things everyone should know to improve object
    retrieval", CVPR 2012, section 3; of either sign: Perronnin, Sanchez, Mensink, "Improving the Fisher Kernel for
    Large-Scale Image Classification", ECCV 2010, section 3; centring and L2: Wang et al., "SimpleShot",
    arXiv:1911.04623, section 3.
    """

    mean: FloatArray

    @classmethod
    def of(cls, features: FloatArray) -> Self:
        """Take the mean of all of a project's features, labelled or not.

        Args:
            features: (n, d), n >= 1, any floating dtype.

        Raises:
            InputError: no features, not a matrix, or a value that is not finite.
        """
        check_features(features)
        if not len(features):
            raise InputError("There are no features yet: embed at least one image first.")
        sums = np.empty((-(-len(features) // BLOCK_ROWS), features.shape[1]))

        def add_up(start: int, block: FloatArray) -> None:
            sums[start // BLOCK_ROWS] = _unit_roots(block, start).sum(axis=0, dtype=np.float64)

        _for_each_block(add_up, features)
        return cls((sums.sum(axis=0) / len(features)).astype(np.float32))

    def apply(self, features: FloatArray) -> FloatArray:
        """Transform features.

        Args:
            features: (n, d), any floating dtype.

        Returns:
            (n, d) float32, rows of length ten (or zero, where a feature equals the mean).

        Raises:
            InputError: another width than the mean's, or a value that is not finite.
        """
        check_features(features, len(self.mean))
        transformed = np.empty(features.shape, dtype=np.float32)

        def transform(start: int, block: FloatArray) -> None:
            transformed[start : start + len(block)] = self._apply_block(block, start)

        _for_each_block(transform, features)
        return transformed

    def project(self, features: FloatArray, directions: FloatArray) -> FloatArray:
        """Transform features and multiply them, without ever holding all of them transformed.

        Args:
            features: (n, d), any floating dtype.
            directions: (d, m) float32.

        Returns:
            (n, m) float32.

        Raises:
            InputError: another width than the mean's, or a value that is not finite.
        """
        check_features(features, len(self.mean))
        projected = np.empty((len(features), directions.shape[1]), dtype=np.float32)

        def project(start: int, block: FloatArray) -> None:
            np.matmul(self._apply_block(block, start), directions, out=projected[start : start + len(block)])

        _for_each_block(project, features)
        return projected

    def _apply_block(self, block: FloatArray, start: int) -> FloatArray:
        rows = _unit_roots(block, start)
        rows -= self.mean
        rows *= (SCALE / np.maximum(np.sqrt(np.einsum("ij,ij->i", rows, rows)), TINY))[:, None]
        return rows


@dataclass(frozen=True, eq=False)
class Head:
    """A fitted head.

    Attributes:
        classes: the k classes that have labels, in the label config's order.
        weights: (d, k) float32.
        bias: (k,) float32.
        transform: what features go through first.
        l2: the regularisation it was fitted with (see `model.head.fitting.fit`).
        temperature: logits are divided by it before the softmax; 1 means uncalibrated.
    """

    classes: tuple[str, ...]
    weights: FloatArray
    bias: FloatArray
    transform: FeatureTransform
    l2: float
    temperature: float = 1.0

    def __post_init__(self) -> None:
        d, k = len(self.transform.mean), len(self.classes)
        if self.weights.shape != (d, k) or self.bias.shape != (k,):
            raise InputError(
                f"A head of {k} classes on {d} numbers can't have weights {self.weights.shape} "
                f"and bias {self.bias.shape}."
            )
        if not self.temperature > 0:
            raise InputError(f"The temperature must be above 0, got {self.temperature}.")

    def logits(self, features: FloatArray) -> FloatArray:
        """Raw logits, before the temperature.

        Args:
            features: (n, d), any floating dtype.

        Returns:
            (n, k) float32.

        Raises:
            InputError: another width than the head's, or a value that is not finite.
        """
        logits = self.transform.project(features, self.weights)
        logits += self.bias
        return logits

    def probabilities(self, features: FloatArray) -> FloatArray:
        """Calibrated probabilities of the head's classes.

        Args:
            features: (n, d), any floating dtype.

        Returns:
            (n, k) float32 in [0, 1], rows sum to 1.

        Raises:
            InputError: another width than the head's, or a value that is not finite.
        """
        logits = self.logits(features)
        logits /= np.float32(self.temperature)
        return softmax(logits)

    def to_tensors(self) -> tuple[dict[str, FloatArray], dict[str, str]]:
        """Take the head apart for a safetensors file: its tensors and its metadata (text to text)."""
        tensors = {"weights": self.weights, "bias": self.bias, "mean": self.transform.mean}
        about = {"classes": list(self.classes), "l2": self.l2, "temperature": self.temperature}
        return tensors, {"head": json.dumps(about, ensure_ascii=False)}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, FloatArray], metadata: Mapping[str, str]) -> Self:
        """Put together what `to_tensors` took apart.

        Raises:
            InputError: a tensor or the metadata is missing, or the shapes contradict each other.
        """
        try:
            about = json.loads(metadata["head"])
            return cls(
                classes=tuple(about["classes"]),
                weights=tensors["weights"],
                bias=tensors["bias"],
                transform=FeatureTransform(tensors["mean"]),
                l2=float(about["l2"]),
                temperature=float(about["temperature"]),
            )
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            raise InputError(f"This is no head's file: {error!r}. Publish the version again.") from error


def softmax(logits: FloatArray) -> FloatArray:
    """Probabilities from logits.

    Args:
        logits: (n, k), k >= 1, finite.

    Returns:
        (n, k) of the same dtype, rows sum to 1.
    """
    powers: FloatArray = logits - logits.max(axis=1, keepdims=True)
    np.exp(powers, out=powers)
    powers /= powers.sum(axis=1, keepdims=True)
    return powers


def _for_each_block(work: Callable[[int, FloatArray], None], features: FloatArray) -> None:
    """Work on the first row's number and the rows of each block, on all cores where there are several."""
    starts = range(0, len(features), BLOCK_ROWS)
    if len(starts) <= 1:
        work(0, features)
        return
    # Our threads share no block: they need not wait for each other, as BLAS's own do.
    with one_blas_thread():
        for_each(lambda start: work(start, features[start : start + BLOCK_ROWS]), starts)


def _unit_roots(block: FloatArray, start: int) -> FloatArray:
    """Square roots of a block's values, with their signs, as float32 rows of unit length; a copy."""
    rows: FloatArray = block.astype(np.float32)
    # A NaN or an infinity of either sign shows in the row's sum: cheaper than looking at each value.
    finite = np.isfinite(rows.sum(axis=1))
    if not finite.all():
        row = start + int(np.flatnonzero(~finite)[0])
        raise InputError(f"Row {row} of the features holds a value that is not finite: embed that image again.")
    # Most backbones end in an activation that leaves nothing below zero.
    signed = rows.copy() if rows.min(initial=0) < 0 else None
    np.abs(rows, out=rows)
    # The length of a row of roots is the root of its sum.
    lengths = np.sqrt(rows.sum(axis=1, keepdims=True))
    np.sqrt(rows, out=rows)
    rows /= np.maximum(lengths, TINY)
    return rows if signed is None else np.copysign(rows, signed, out=rows)
