"""Warm start: a training that begins with the network of the one before, and not with pretrained weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from model.arrays import BoolArray, IntArray
from model.networks.carrying import carry_over
from model.networks.network import Network
from model.training.options import TrainingOptions
from model.training.replay import replayed
from model.training.splits import TrainingSplit

REPLAYED = 0.5
"""Share of the old labels that a warm start learns from again."""
EPOCHS = 1 / 3
"""Epochs of a warm start, as a share of those of a training from pretrained weights."""


@dataclass(frozen=True, eq=False)
class WarmStart:
    """What `model.training.fit.train` is to be given, besides images and labels.

    Attributes:
        network: with a head for the classes as they are now.
        split: with fewer rows to train on.
        options: of a shorter training.
    """

    network: Network
    split: TrainingSplit
    options: TrainingOptions


def warm_start(  # noqa: PLR0913 - what there was, what there is now, and how it would be trained anew
    network: Network,
    classes: Sequence[str],
    labels: IntArray,
    split: TrainingSplit,
    is_new: BoolArray,
    options: TrainingOptions,
    *,
    renamed: Mapping[str, str] | None = None,
) -> WarmStart:
    """Prepare a trained network to learn what is new without forgetting the rest.

    Args:
        network: that a training made; its body is shared with the result, and changes with it.
        classes: as they are now.
        labels: int64 (n,) index into `classes`.
        split: of the n rows. No row that the network was trained on before may validate or test now.
        is_new: (n,) whether the network hasn't learned from a row, or learned another label.
        options: of a training from pretrained weights.
        renamed: new name by old name, of classes whose name changed or that were merged.

    Raises:
        InputError: fewer than two classes, one twice, or a renamed class that the network or `classes` hasn't.
    """
    carried = carry_over(network, classes, renamed)
    # Also a network that was first trained without pretrained weights has something to keep now.
    carried.pretrained = True
    rows = replayed(split.train, labels, is_new, REPLAYED, seed=options.seed)
    return WarmStart(carried, replace(split, train=rows), warm_options(options))


def warm_options(options: TrainingOptions) -> TrainingOptions:
    """A third of the epochs, at least two, one of them at least for the head alone: only what is new has far to go.

    Where nothing else is done against imbalance, each class counts the same: a new class has all its rows, the old ones
    are replayed in part, and would be mistaken for it.
    """
    epochs = max(round(EPOCHS * options.epochs), 2)
    return replace(
        options,
        epochs=epochs,
        head_epochs=min(max(options.head_epochs, 1), epochs - 1),
        resampling="class_weights" if options.resampling == "none" else options.resampling,
    )
