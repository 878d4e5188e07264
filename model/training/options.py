"""How to train: every setting of a training, with its range."""

from dataclasses import dataclass
from typing import Literal

Optimiser = Literal["sgd", "adam", "adamw", "rmsprop"]
Schedule = Literal["constant", "plateau", "cosine", "one_cycle"]
Augmentation = Literal["none", "flip", "light", "strong", "randaugment"]
Resampling = Literal["none", "oversample", "undersample", "class_weights", "class_balanced", "logit_adjustment"]


@dataclass(frozen=True)
class TrainingOptions:
    """Settings of one training.

    Attributes:
        epochs: at most, in all; from 1.
        head_epochs: how many of them, the first, train the head alone; 0..epochs. A network without pretrained
            weights has no such phase.
        unfrozen_blocks: how many blocks from the top are trained after that; None is all of them.
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
        resolution: side in pixels that images are trained at; the network's input size where it is None.
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
