"""Checks on arrays that come from outside the package, each with an error that says what to mend."""

import numpy as np

from model.arrays import FloatArray, IntArray
from model.errors import InputError


def check_features(features: FloatArray, width: int | None = None) -> None:
    """Refuse anything but a matrix of features with one row an image.

    Finiteness is checked where the values are read anyway: see `model.head.head.FeatureTransform`.

    Raises:
        InputError: not two-dimensional, or not `width` columns.
    """
    if features.ndim != 2:
        raise InputError(f"Features must be a matrix (images, numbers), got shape {features.shape}.")
    if width is not None and features.shape[1] != width:
        raise InputError(
            f"Features have {features.shape[1]} numbers an image, expected {width}: they come from another backbone."
        )


def check_labels(labels: IntArray, rows: int, classes: int) -> None:
    """Refuse labels that are not one class index for each row.

    Raises:
        InputError: another number of labels than rows, or an index outside [0, classes).
    """
    if labels.shape != (rows,):
        raise InputError(f"Expected {rows} labels, one for each row, got shape {labels.shape}.")
    if rows and (labels.min() < 0 or labels.max() >= classes):
        raise InputError(f"Labels must be in [0, {classes}), got {labels.min()} to {labels.max()}.")


def check_probabilities(probabilities: FloatArray, least_classes: int = 1) -> None:
    """Refuse anything but a finite matrix with a row an image and a column a class.

    Raises:
        InputError: not two-dimensional, fewer than `least_classes` columns, or a value that is not finite.
    """
    if probabilities.ndim != 2 or probabilities.shape[1] < least_classes:
        raise InputError(
            f"Probabilities must be a matrix (images, classes) of at least {least_classes} classes, "
            f"got shape {probabilities.shape}."
        )
    if not np.isfinite(probabilities).all():
        raise InputError("Probabilities hold a value that is not finite: look for broken features or a broken head.")
