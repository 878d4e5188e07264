"""Part images into those that train, those that choose the best epoch, and those that judge the result.

Made before any resampling, on images as they are: no copy of a training image can land on another side.
"""

from dataclasses import dataclass

from model.arrays import IntArray

FRACTIONS = (0.7, 0.15, 0.15)


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of the three sides; ascending, and none in two of them.

    Attributes:
        train: what the network learns from.
        validation: what stops the training and chooses its best epoch.
        test: what nothing was chosen by.
    """

    train: IntArray
    validation: IntArray
    test: IntArray


def split(
    labels: IntArray,
    *,
    fractions: tuple[float, float, float] = FRACTIONS,
    groups: IntArray | None = None,
    seed: int = 0,
) -> Split:
    """Part rows by class, so that each side has its share of each; the same seed gives the same split.

    Args:
        labels: (n,) class of each image, at least 0.
        fractions: of train, validation and test; each at least 0, sum 1, train above 0.
        groups: (n,) rows of one group stay on one side, see `model.training.duplicates`; None puts each row by itself.
        seed: at least 0.

    Raises:
        InputError: fractions that don't sum to 1, or groups of another length.
    """
    raise NotImplementedError
