"""Which network a fine-tuning trains, and with which settings."""

from dataclasses import asdict
from typing import Any

from model.errors import InputError
from model.training.recipe import Recipe, read_recipe
from scripts.cli.commands import UsageError
from scripts.cli.finetune.options import FinetuneOptions


def recipe_of(options: FinetuneOptions) -> tuple[str, dict[str, Any]]:
    """Network and settings: those of the file, but for what the command line says.

    Returns:
        The network's name, empty for the one that the backend's settings name, and the settings of the training that
        are not to be the default.

    Raises:
        UsageError: a file that holds no recipe, or settings out of their range.
    """
    said = {
        "epochs": options.epochs,
        "unfrozen_blocks": options.blocks,
        "resolution": options.resolution,
        "augmentation": options.augment,
    }
    network, training = options.network, {name: value for name, value in said.items() if value is not None}
    try:
        if options.recipe is not None:
            recipe = read_recipe(options.recipe)
            network, training = network or recipe.network, asdict(recipe.options) | training
        Recipe.from_json({"model": network or "any", "options": training})
    except InputError as error:
        raise UsageError(str(error)) from error
    return network, training
