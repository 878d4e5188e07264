"""Fit a head: L-BFGS on the penalised likelihood, and out-of-fold logits of the holdout.

The loss is the mean negative log-likelihood plus l2/2 times the squared weights (the bias is free).

All of it is deterministic, whatever order the rows come in: they are put in an order that depends on their content
alone, and folds come from a seed.
"""

from collections.abc import Sequence

import numpy as np
import scipy.linalg
from scipy.optimize import minimize

from model.arrays import BoolArray, FloatArray, IntArray
from model.checks import check_features, check_labels
from model.errors import InputError
from model.head.head import FeatureTransform, Head
from model.threads import for_each, one_blas_thread

DEFAULT_L2 = 1e-3
"""Accuracy is flat between 1e-4 and 1e-3. Labels that a strategy chose can't choose it: cross-validated on them it lost
two points at 200 labels (Caltech-101), and won nothing later."""

FOLDS = 5
"""Folds of the holdout's labels in `out_of_fold`; fewer are made where the holdout has fewer labels."""

ABSENT_GAP = 5.0
"""How far below a row's least logit a class lies that the fold's training never saw. Minus infinity would be as true,
but a single such row would then dictate the temperature."""

GRADIENT_TOLERANCE = 3e-4
"""Tighter costs twice the iterations and changes no accuracy (Caltech-101, 300 to 5,000 labels)."""
SOFT_GRADIENT_TOLERANCE = 1e-3
"""Half the time of the tighter one, and the same accuracy (Caltech-101, 200 to 600 labels)."""
MAX_ITERATIONS = 200
RANK_TOLERANCE = 1e-7
"""Directions whose energy is below this share of the largest are float32 noise."""


def fit(
    features: FloatArray,
    labels: IntArray,
    classes: Sequence[str],
    transform: FeatureTransform,
    *,
    l2: float = DEFAULT_L2,
    warm_start: Head | None = None,
) -> Head:
    """Fit a head on labelled features.

    Args:
        features: (n, d), any floating dtype.
        labels: (n,) indices into `classes`; one label is enough for a class, classes without any are left out.
        classes: the label config's choices.
        transform: made of all of the project's features.
        l2: above 0.
        warm_start: a head to start from (classes matched by name). The optimum is the same, but only to the tolerance:
            leave it out where the same labels must give the same bits.

    Returns:
        The head, temperature 1.

    Raises:
        InputError: shapes that contradict each other, a value that is not finite, or fewer than two classes with
            labels.
    """
    check_labels(labels, len(features), len(classes))
    if not l2 > 0:
        raise InputError(f"l2 must be above 0, got {l2}.")
    present, targets = np.unique(labels, return_inverse=True)
    if len(present) < 2:
        raise InputError(f"A head needs labels of at least two classes, got {len(present)}: label more images first.")
    rows = transform.apply(features)
    order = _by_content(rows, targets)
    rows, targets = rows[order], targets[order]
    names = tuple(classes[i] for i in present)
    basis = _basis(rows)
    start = None if warm_start is None else _start_from(warm_start, names, basis)
    solution = _minimise(rows @ basis, targets, len(names), l2, start)
    weights = basis @ solution[:-1].astype(np.float32)
    return Head(names, weights, solution[-1].astype(np.float32), transform, l2)


def fit_soft(features: FloatArray, targets: FloatArray, start: Head, *, l2: float) -> Head:
    """Fit a head on probabilities instead of labels, from another head's solution.

    Args:
        features: (n, d), any floating dtype.
        targets: (n, k) float32, rows sum to 1, columns as `start.classes`.
        start: gives classes, transform and start. The optimum is the same from any start, but only to the tolerance.
        l2: above 0.

    Returns:
        The head, temperature 1.

    Raises:
        InputError: targets of another shape, or a value that is not finite.
    """
    if targets.shape != (len(features), len(start.classes)):
        raise InputError(
            f"{len(features)} images and {len(start.classes)} classes don't go with targets {targets.shape}."
        )
    rows = start.transform.apply(features)
    basis = _basis(rows)
    solution = _minimise(
        rows @ basis, targets, targets.shape[1], l2, _start_from(start, start.classes, basis), SOFT_GRADIENT_TOLERANCE
    )
    weights = basis @ solution[:-1].astype(np.float32)
    return Head(start.classes, weights, solution[-1].astype(np.float32), start.transform, l2)


def out_of_fold(
    features: FloatArray,
    labels: IntArray,
    holdout: BoolArray,
    transform: FeatureTransform,
    *,
    l2: float = DEFAULT_L2,
    seed: int,
) -> FloatArray:
    """Logits of the holdout's labelled rows, each from a head that never saw that row's label.

    A fold's head is fitted on everything else: labels outside the holdout and the holdout's other folds. All of them
    start from a head without any holdout label, so that nothing leaks through the start.

    Args:
        features: (n, d) of all labelled rows.
        labels: (n,) class indices.
        holdout: (n,) True where the row is a counted label of the holdout.
        transform: made of all of the project's features (no label is in it).
        l2: as the head's.
        seed: of the folds.

    Returns:
        (rows in the holdout, classes that have labels) float64, rows in the order given, columns as `Head.classes` of a
        head fitted on all of it. A class that a fold's training lacks lies 5 below the row's least logit.

    Raises:
        InputError: shapes that contradict each other, a value that is not finite, or a single label in all.
    """
    check_features(features)
    check_labels(labels, len(features), int(labels.max(initial=0)) + 1)
    if holdout.shape != labels.shape:
        raise InputError(
            f"The holdout's mask must have {len(labels)} entries, one for each label, got {holdout.shape}."
        )
    present, targets = np.unique(labels, return_inverse=True)
    logits = np.zeros((int(holdout.sum()), len(present)))
    if not len(logits):
        return logits
    if len(labels) < 2:
        raise InputError("One label alone has nothing that could predict it: label more images first.")
    rows = transform.apply(features)
    order = _by_content(rows, targets)
    rows, targets, holdout_rows = rows[order], targets[order], np.flatnonzero(holdout[order])
    coordinates = rows @ _basis(rows)
    fold_of = np.full(len(rows), -1)
    fold_of[holdout_rows] = folds_of(targets[holdout_rows], seed)
    base = None
    if len(np.unique(targets[fold_of < 0])) > 1:
        base = _minimise(coordinates[fold_of < 0], targets[fold_of < 0], len(present), l2, None)
    # Where each row of the answer lies in the caller's order.
    place = np.cumsum(holdout)[order] - 1

    def predict_fold(fold: int) -> None:
        held, training = np.flatnonzero(fold_of == fold), np.flatnonzero(fold_of != fold)
        solution = _minimise(coordinates[training], targets[training], len(present), l2, base)
        of_fold = coordinates[held] @ solution[:-1] + solution[-1]
        logits[place[held]] = lower_absent(of_fold, np.setdiff1d(np.arange(len(present)), targets[training]))

    # Outside the threads too: the first of them to end would give the others' BLAS its threads back.
    with one_blas_thread():
        for_each(predict_fold, range(int(fold_of.max()) + 1))
    return logits


def _minimise(
    coordinates: FloatArray,
    targets: IntArray | FloatArray,
    classes: int,
    l2: float,
    start: FloatArray | None,
    tolerance: float = GRADIENT_TOLERANCE,
) -> FloatArray:
    """Weights and, in the last row, bias: (r + 1, classes) float64. Matrix products in float32, sums in float64.

    Targets are column numbers (n,) or probabilities (n, classes).
    """
    n, r = coordinates.shape
    rows = np.arange(n)
    soft = targets.ndim == 2

    def loss_and_gradient(flat: FloatArray) -> tuple[float, FloatArray]:
        weights, bias = flat[:-classes].reshape(r, classes), flat[-classes:]
        errors = coordinates @ weights.astype(np.float32)
        errors += bias.astype(np.float32)
        errors -= errors.max(axis=1, keepdims=True)
        of_target = np.einsum("ij,ij->i", errors, targets) if soft else errors[rows, targets]
        np.exp(errors, out=errors)
        sums = errors.sum(axis=1)
        likelihood = (of_target - np.log(sums)).mean(dtype=np.float64)
        errors /= sums[:, None]
        if soft:
            errors -= targets
        else:
            errors[rows, targets] -= 1
        errors /= n
        gradient = np.empty_like(flat)
        gradient[:-classes] = (coordinates.T @ errors).ravel()
        gradient[:-classes] += l2 * flat[:-classes]
        gradient[-classes:] = errors.sum(axis=0)
        return float(l2 / 2 * np.vdot(weights, weights) - likelihood), gradient

    with one_blas_thread():
        found = minimize(
            loss_and_gradient,
            np.zeros((r + 1) * classes) if start is None else start.ravel(),
            jac=True,
            method="L-BFGS-B",
            options={"gtol": tolerance, "ftol": 1e-9, "maxiter": MAX_ITERATIONS},
        )
    solution: FloatArray = found.x.reshape(r + 1, classes)
    return solution


def _basis(rows: FloatArray) -> FloatArray:
    """Orthonormal basis (d, r) of the rows' span.

    The penalised solution lies in it, so nothing is lost and much time is saved.
    """
    n, d = rows.shape
    if n >= d:
        return np.eye(d, dtype=np.float32)
    with one_blas_thread():
        energies, vectors = scipy.linalg.eigh((rows @ rows.T).astype(np.float64))
    kept = energies > max(energies[-1], 1.0) * RANK_TOLERANCE
    basis: FloatArray = rows.T @ (vectors[:, kept] / np.sqrt(energies[kept])).astype(np.float32)
    return basis


def _start_from(head: Head, names: Sequence[str], basis: FloatArray) -> FloatArray:
    start = np.zeros((basis.shape[1] + 1, len(names)))
    for column, name in enumerate(names):
        if name in head.classes:
            known = head.classes.index(name)
            start[:-1, column] = basis.T @ head.weights[:, known]
            start[-1, column] = head.bias[known]
    return start


def _by_content(rows: FloatArray, targets: IntArray) -> IntArray:
    """An order that depends on what the rows hold and not on how they came."""
    as_bytes = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.shape[1] * rows.itemsize))).ravel()
    by_bytes = np.argsort(as_bytes, kind="stable")
    order: IntArray = by_bytes[np.argsort(targets[by_bytes], kind="stable")]
    return order


def folds_of(targets: IntArray, seed: int) -> IntArray:
    """Fold of each of the holdout's labels: five, stratified by class. (n,) in [0, 5)."""
    return _stratified_folds(targets, FOLDS, np.random.default_rng(seed))


def _stratified_folds(targets: IntArray, folds: int, rng: np.random.Generator) -> IntArray:
    """Fold of each row: rows of a class are dealt round."""
    dealt = np.lexsort((rng.random(len(targets)), targets))
    fold_of = np.empty(len(targets), dtype=np.int64)
    fold_of[dealt] = np.arange(len(targets)) % folds
    return fold_of


def lower_absent(logits: FloatArray, absent: IntArray) -> FloatArray:
    """Set the columns of classes that training lacked to 5 below each row's least logit, in place."""
    trained = np.delete(logits, absent, axis=1)
    logits[:, absent] = trained.min(axis=1, keepdims=True) - ABSENT_GAP
    return logits
