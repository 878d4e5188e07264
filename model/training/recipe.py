"""A recipe: which network to train and how, as a file that a search writes and a training reads."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints

from model.errors import InputError
from model.files import whole_file
from model.training.options import TrainingOptions

KEYS = ("model", "options", "about")
WORDS = {
    bool: "true or false", int: "a whole number", float: "a number", str: "a text", list: "a list",
    dict: "an object", NoneType: "null",
}  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """A network and its training.

    Attributes:
        network: a name that `model.networks.registry.build` knows; it is to be built with
            `input_size=options.resolution`.
        options: how it is trained.
    """

    network: str
    options: TrainingOptions

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries, numbers, texts and None: `model`, and every field of the `options`."""
        return {"model": self.network, "options": asdict(self.options)}

    @classmethod
    def from_json(cls, content: Any) -> Self:
        """The recipe in what `to_json` made, or in what a person wrote.

        Args:
            content: `model`; `options` that differ from the defaults of `TrainingOptions`; and `about`, which is for
                people and left alone.

        Raises:
            InputError: something is missing, unknown, of another type or out of its range; its text names it.
        """
        if not isinstance(content, Mapping):
            raise InputError(f"A recipe is an object with `model` and `options`, got {_word(content)}.")
        _refuse_unknown("The recipe", content, KEYS)
        network, options = content.get("model"), content.get("options", {})
        if not isinstance(network, str) or not network:
            raise InputError(f"`model` of the recipe must be a network's name, got {network!r}.")
        if not isinstance(options, Mapping):
            raise InputError(f"`options` of the recipe must be an object of settings, got {_word(options)}.")
        return cls(network, _options(options))


def read_recipe(path: Path) -> Recipe:
    """The recipe in a file.

    Raises:
        InputError: there is no such file, or it holds no recipe; its text names the file and what is wrong.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"There is no recipe {path}. Make one with ./scripts/tune, or give its path.") from None
    except (OSError, ValueError) as error:
        raise InputError(f"The recipe {path} can't be read as JSON ({error}).") from error
    try:
        return Recipe.from_json(content)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def write_recipe(path: Path, recipe: Recipe, about: Mapping[str, Any]) -> None:
    """Put a recipe into a file, in place of the one before; a kill leaves one or the other whole.

    Args:
        path: of the file; its folder must be there.
        recipe: to keep.
        about: where it comes from, for people, as JSON knows it.
    """
    text = json.dumps(recipe.to_json() | {"about": about}, indent=2, ensure_ascii=False) + "\n"
    with whole_file(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def _options(given: Mapping[str, Any]) -> TrainingOptions:
    hints = get_type_hints(TrainingOptions)
    _refuse_unknown("`options` of the recipe", given, hints)
    return TrainingOptions(**{name: _checked(name, value, hints[name]) for name, value in given.items()})


def _refuse_unknown(where: str, given: Iterable[str], known: Iterable[str]) -> None:
    unknown = [repr(name) for name in given if name not in set(known)]
    if unknown:
        raise InputError(f"{where} has no {' or '.join(unknown)}. There are: {', '.join(known)}.")


def _checked(name: str, value: Any, hint: Any) -> Any:
    """The value as the field's type has it; its range is for `TrainingOptions` to check."""
    kinds = _kinds(hint)
    # JSON has one kind of number; a whole one stands for a fraction, too.
    found = float(value) if type(value) is int and float in kinds else value
    if type(found) not in kinds or (isinstance(found, float) and not math.isfinite(found)):
        raise InputError(f"{name} is {value!r}. Make it {' or '.join(WORDS[kind] for kind in kinds)}.")
    return found


def _kinds(hint: Any) -> tuple[type, ...]:
    if get_origin(hint) is Literal:
        return (str,)
    return get_args(hint) if get_origin(hint) is UnionType else (hint,)


def _word(content: Any) -> str:
    return WORDS.get(type(content), repr(content))
