"""What every network of ours is: a body that yields features, and a linear head on top."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from model.backbone.backbone import Channels
from model.errors import InputError


@dataclass(frozen=True, eq=False)
class Parts:
    """A network without a head, as its family hands it over.

    Attributes:
        name: what builds this architecture again.
        body: float32 (n, 3, input_size, input_size), normalised, to float32 (n, width).
        input_size: side in pixels of the square input.
        mean: what is taken from each of the channels R, G, B, in pixel units 0..255.
        std: what each channel is divided by after that, in pixel units, above 0.
        width: how many numbers a feature has.
        blocks: the body's layers with parameters, from input to output; what is unfrozen from the top.
        pretrained: whether the weights were learned before, so that a training has something to keep.
    """

    name: str
    body: torch.nn.Module
    input_size: int
    mean: Channels
    std: Channels
    width: int
    blocks: tuple[torch.nn.Module, ...]
    pretrained: bool


class Network(torch.nn.Module):
    """A body, dropout and a linear head.

    Attributes:
        name, body, input_size, mean, std, width, blocks, pretrained: as those of `Parts`.
        dropout: before the head; off until a training sets it.
        head: `torch.nn.Linear` from the width to the classes.
        classes: their names, in the order of the logits.
    """

    def __init__(self, parts: Parts, classes: Sequence[str]) -> None:
        """Put a fresh head on a body.

        Raises:
            InputError: fewer than two classes, or one of them twice.
        """
        super().__init__()
        if len(classes) < 2 or len(set(classes)) < len(classes):
            raise InputError(f"A network needs at least two classes, each once, got {list(classes)}.")
        self.name = parts.name
        self.body = parts.body
        self.dropout = torch.nn.Dropout(0.0)
        self.head = torch.nn.Linear(parts.width, len(classes))
        self.input_size = parts.input_size
        self.mean = parts.mean
        self.std = parts.std
        self.width = parts.width
        # A tuple, not a ModuleList: the blocks are the body's and must not be registered twice.
        self.blocks = parts.blocks
        self.pretrained = parts.pretrained
        self.classes = tuple(classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits (n, classes) of normalised images, float32 (n, 3, input_size, input_size); see `normalise`."""
        logits: torch.Tensor = self.head(self.dropout(self.body(images)))
        return logits

    def normalise(self, pixels: torch.Tensor) -> torch.Tensor:
        """The network's input, float32, for pixels in 0..255, (n, 3, side, side) of any dtype."""
        mean = torch.tensor(self.mean, device=pixels.device)[:, None, None]
        std = torch.tensor(self.std, device=pixels.device)[:, None, None]
        return (pixels.float() - mean) / std
