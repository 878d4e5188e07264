"""Optimisers by name."""

import torch

from model.training.freezing import Group
from model.training.options import TrainingOptions


def optimiser(groups: list[Group], options: TrainingOptions) -> torch.optim.Optimizer:
    """The optimiser of a training; its parameter groups keep their share of the rate under `share`."""
    parameters = [{"params": group.parameters, "share": group.share} for group in groups]
    rate, decay, momentum = options.rate, options.weight_decay, options.momentum
    match options.optimiser:
        case "sgd":
            return torch.optim.SGD(parameters, rate, momentum=momentum, weight_decay=decay)
        case "rmsprop":
            return torch.optim.RMSprop(parameters, rate, momentum=momentum, weight_decay=decay)
        case "adam":
            return torch.optim.Adam(parameters, rate, weight_decay=decay)
        case "adamw":
            return torch.optim.AdamW(parameters, rate, weight_decay=decay)
