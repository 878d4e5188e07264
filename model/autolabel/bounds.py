"""Exact one-sided bounds on an error from a random sample, and the samples that they need."""

import numpy as np
from scipy.special import bdtr, betaincinv, gammaln

from model.arrays import FloatArray, IntArray
from model.errors import InputError

ROUNDING = 1e-9
"""Keeps 0.29 × 100 from being 28 errors, and a bound from failing by its last bit."""


def error_bound(errors: int, n: int, confidence: float) -> float:
    """Upper bound of an unlimited set's error: with this confidence the true one is no larger.

    Args:
        errors: seen in the sample, in [0, n].
        n: the random sample, at least 0.
        confidence: in (0, 1).

    Returns:
        In (0, 1]; 1 without a sample.

    Raises:
        InputError: a value outside these ranges.

    Source: Clopper, Pearson, "The Use of Confidence or Fiducial Limits Illustrated in the Case of the Binomial", 1934.
    """
    _check(errors, n, confidence)
    return 1.0 if errors == n else float(betaincinv(errors + 1, n - errors, confidence))


def sample_size(max_error: float, confidence: float, allowed_errors: int = 0) -> int:
    """Smallest random sample of an unlimited set in which so few errors bound its error.

    Args:
        max_error: in (0, 1).
        confidence: in (0, 1).
        allowed_errors: at least 0.

    Raises:
        InputError: a value outside these ranges.
    """
    check_promise(max_error, confidence)
    if allowed_errors < 0:
        raise InputError(f"Allowed errors can't be fewer than none, got {allowed_errors}.")
    low, high = allowed_errors, allowed_errors + 1
    while bdtr(allowed_errors, high, max_error) > 1 - confidence:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if bdtr(allowed_errors, middle, max_error) > 1 - confidence else (low, middle)
    return high


def errors_left(errors: int, n: int, size: int, confidence: float) -> int:
    """Upper bound of the errors in the part of a finite set that was not looked at.

    The set holds K errors, the sample `errors` of them, the rest K - `errors`. The bound is the largest rest under
    which so few errors in the sample have a probability above 1 - confidence. It fails only where the errors seen lie
    in a tail of the hypergeometric distribution whose probability is at most 1 - confidence, whatever K is.

    Args:
        errors: seen in the sample, in [0, n].
        n: the sample, drawn at random without replacement.
        size: of the set, at least n.
        confidence: in (0, 1).

    Returns:
        In [0, size - n].

    Raises:
        InputError: a value outside these ranges.

    Source: Buonaccorsi, "A Note on Confidence Intervals for Proportions in Finite Populations", The American
    Statistician 41(3), 1987.
    """
    _check(errors, n, confidence)
    if n > size:
        raise InputError(f"A sample of {n} can't come from a set of {size}.")
    low, high = 0, size - n + 1
    while high - low > 1:
        middle = (low + high) // 2
        likely = at_most(errors, size, np.array([middle + errors]), np.array([n]))[0] > 1 - confidence
        low, high = (middle, high) if likely else (low, middle)
    return low


def enough(samples: IntArray, size: int, allowed_errors: int, max_error: float, confidence: float) -> IntArray:
    """Those samples of a finite set in which so few errors bound the error of the rest at `max_error`.

    Args:
        samples: candidates, each in [1, size).
        size: of the set.
        allowed_errors: at least 0.
        max_error: in (0, 1).
        confidence: in (0, 1).
    """
    # The fewest errors in the rest that would break the promise; a rest that can't hold so many has at least one image.
    breaking = np.floor(max_error * (size - samples) + ROUNDING).astype(np.int64) + 1
    fitting: IntArray = samples[at_most(allowed_errors, size, breaking + allowed_errors, samples) <= 1 - confidence]
    return fitting


def at_most(errors: int, size: int, wrong: IntArray, samples: IntArray) -> FloatArray:
    """Probability of at most so many errors in a random sample: the hypergeometric distribution's lower tail.

    Args:
        errors: at least 0.
        size: of the set.
        wrong: (m,) how many of the set are wrong, each in [0, size].
        samples: (m,) each in [0, size].

    Returns:
        (m,) in [0, 1].
    """
    seen = np.arange(errors + 1)[:, None]
    logarithms = _choose(wrong, seen) + _choose(size - wrong, samples - seen) - _choose(np.array(size), samples)
    tail: FloatArray = np.minimum(np.exp(logarithms).sum(axis=0), 1.0)
    return tail


def check_promise(max_error: float, confidence: float) -> None:
    """Refuse promises that no sample can keep.

    Raises:
        InputError: a largest error that isn't in (0, 1), or a confidence that isn't.
    """
    if max_error == 0:
        raise InputError(
            "No sample can promise that there is no error at all: label every image by hand, "
            "or allow a small error such as 0.02."
        )
    if not 0 < max_error < 1:
        raise InputError(f"The largest error must be between 0 and 1, such as 0.02 for 2 %, got {max_error}.")
    if not 0 < confidence < 1:
        raise InputError(f"The confidence must be between 0 and 1, such as 0.95, got {confidence}.")


def _check(errors: int, n: int, confidence: float) -> None:
    if not 0 <= errors <= n:
        raise InputError(f"Errors must be among the sample; got {errors} of {n}.")
    if not 0 < confidence < 1:
        raise InputError(f"The confidence must be between 0 and 1, such as 0.95, got {confidence}.")


def _choose(n: IntArray, k: IntArray) -> FloatArray:
    """Logarithm of the binomial coefficient, for n >= 0; minus infinity outside 0 <= k <= n."""
    logarithm: FloatArray = gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)
    return logarithm
