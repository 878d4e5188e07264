"""How to train: every setting of a training, with its range."""

from dataclasses import dataclass
from typing import Literal, get_args

from model.errors import InputError

Optimiser = Literal["sgd", "adam", "adamw", "rmsprop"]
Schedule = Literal["constant", "plateau", "cosine", "one_cycle"]
Augmentation = Literal["none", "flip", "light", "strong", "randaugment"]
Resampling = Literal["none", "oversample", "undersample", "class_weights", "class_balanced", "logit_adjustment"]


@dataclass(frozen=True)
class TrainingOptions:
    """Settings of one training; one out of its range is refused with an `InputError`.

    Attributes:
        epochs: at most, in all; from 1.
        head_epochs: how many of them, the first, train the head alone, from 0. A network without pretrained weights
            has no such phase.
        unfrozen_blocks: how many blocks from the top are trained after that, from 0; None is all of them.
        batch_size: images in a step, from 1; halved where the memory is too small.
        optimiser: `sgd` (with momentum), `adam`, `adamw` or `rmsprop`.
        rate: learning rate of the head, above 0; of everything in a network without pretrained weights.
        body_rate: of the rate, the share for the head and the top block once blocks are unfrozen; in (0, 1].
        depth_decay: of a block's rate, the share for the block below it; in (0, 1].
        momentum: of `sgd` and `rmsprop`; in [0, 1).
        weight_decay: at least 0.
        schedule: `constant`, `plateau` (a tenth after two epochs without a better validation loss), `cosine`, or
            `one_cycle`; the last two run once in each phase.
        patience: epochs without a better validation loss before the training stops, from 1; the head's phase is never
            cut short.
        label_smoothing: in [0, 1).
        dropout: before the head, in [0, 1).
        augmentation: of training images: `none`, `flip`, `light`, `strong` (TrivialAugment) or `randaugment`.
        mixup: alpha of mixup, at least 0; 0 is off.
        cutmix: alpha of cutmix, at least 0; 0 is off. With both, a batch gets one of them by chance.
        resampling: against imbalance: `none`, `oversample`, `undersample`, `class_weights`, `class_balanced` or
            `logit_adjustment`.
        freeze_batch_norm: keep batch normalisation as it was learned; only where weights are pretrained.
        resolution: side in pixels that images are trained at, which the network must be built for; None is any.
        compile: run the network through `torch.compile`: pays on a GPU, for trainings of many minutes.
        seed: of everything random; at least 0.
    """

    epochs: int = 12
    head_epochs: int = 2
    unfrozen_blocks: int | None = None
    batch_size: int = 64
    optimiser: Optimiser = "adamw"
    rate: float = 1e-3
    body_rate: float = 0.1
    depth_decay: float = 0.9
    momentum: float = 0.9
    weight_decay: float = 1e-4
    schedule: Schedule = "cosine"
    patience: int = 5
    label_smoothing: float = 0.0
    dropout: float = 0.0
    augmentation: Augmentation = "flip"
    mixup: float = 0.0
    cutmix: float = 0.0
    resampling: Resampling = "none"
    freeze_batch_norm: bool = True
    resolution: int | None = None
    compile: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise InputError(f"{name} is {getattr(self, name)!r}. Choose one of: {', '.join(choices)}.")
        for name, (is_allowed, allowed) in _ranges(self).items():
            if not is_allowed:
                raise InputError(f"{name} is {getattr(self, name)}. Make it {allowed}.")


CHOICES = {
    "optimiser": get_args(Optimiser),
    "schedule": get_args(Schedule),
    "augmentation": get_args(Augmentation),
    "resampling": get_args(Resampling),
}


def _ranges(options: TrainingOptions) -> dict[str, tuple[bool, str]]:
    """Of each number whether it is in its range, and the range in words."""
    return {
        "epochs": (options.epochs >= 1, "at least 1"),
        "head_epochs": (options.head_epochs >= 0, "at least 0"),
        "unfrozen_blocks": (options.unfrozen_blocks is None or options.unfrozen_blocks >= 0, "at least 0"),
        "batch_size": (options.batch_size >= 1, "at least 1"),
        "rate": (options.rate > 0, "larger than 0"),
        "body_rate": (0 < options.body_rate <= 1, "larger than 0 and at most 1"),
        "depth_decay": (0 < options.depth_decay <= 1, "larger than 0 and at most 1"),
        "momentum": (0 <= options.momentum < 1, "at least 0 and below 1"),
        "weight_decay": (options.weight_decay >= 0, "at least 0"),
        "patience": (options.patience >= 1, "at least 1"),
        "label_smoothing": (0 <= options.label_smoothing < 1, "at least 0 and below 1"),
        "dropout": (0 <= options.dropout < 1, "at least 0 and below 1"),
        "mixup": (options.mixup >= 0, "at least 0"),
        "cutmix": (options.cutmix >= 0, "at least 0"),
        "resolution": (options.resolution is None or options.resolution >= 1, "at least 1"),
        "seed": (options.seed >= 0, "at least 0"),
    }
