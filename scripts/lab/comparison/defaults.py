"""How models are trained where nobody says: what a device gets through while a person waits."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Course:
    """How long a device trains a network.

    Attributes:
        pretrained: epochs of a network with pretrained weights.
        head: of them, the first, those that train the head alone.
        scratch: epochs of a network without.
        unfrozen_blocks: of a pretrained network, from the top; None for all.
        batch_size: images in a step.
    """

    pretrained: int
    head: int
    scratch: int
    unfrozen_blocks: int | None
    batch_size: int


CPU = Course(pretrained=4, head=2, scratch=8, unfrozen_blocks=9, batch_size=32)
"""3,000 photographs and three models in less than 25 minutes on two cores."""

GPU = Course(pretrained=20, head=2, scratch=90, unfrozen_blocks=None, batch_size=64)
"""What networks need to come to their end; training stops before where validation says so."""

HEAD_RATE = 3e-3
"""Learning rate of a pretrained network's head: at 1e-3 two epochs are too few for it (Caltech-101)."""

SCRATCH_RATE = 5e-4
"""Learning rate of a network without pretrained weights."""
