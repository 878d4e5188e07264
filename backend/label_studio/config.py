"""Label configs: what a project asks of the model, and how its answers are written as regions.

`read` tries each reader in `READERS`. Another tag that asks for one class of an image (a flat Taxonomy, a Rating) is
a new reader that returns its own `Labeling`; nothing else changes. Several answers to a task need more than a reader.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, Protocol
from xml.etree import ElementTree

from defusedxml.ElementTree import fromstring

from backend.errors import OddResultError, UnsupportedConfigError
from backend.label_studio import fields, task_data

MOST_CHARACTERS = 1_000_000
REMEMBERED = 16

Region = dict[str, Any]

LONGEST_CHOICE = 4_000
"""Characters of a choice beyond which it is no class's name."""


class ChoiceAnswer(NamedTuple):
    """What an annotation or a prediction says.

    Attributes:
        choice: of the config, or one that it once had.
        other_tag: name of the control tag that the choice is of, where it is not the config's; None where it is.
    """

    choice: str
    other_tag: str | None = None


class Labeling(Protocol):
    """What the loop needs to know of a label config."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes as annotations and predictions carry them, in the config's order."""

    @property
    def image(self) -> str:
        """What the image's tag shows of a task, as `backend.label_studio.task_data` resolves it: "$photo.url"."""

    @property
    def fields(self) -> tuple[str, ...]:
        """What is read of tasks and annotations: where it changes, all of them are read again."""

    def answer(self, result: Any) -> ChoiceAnswer | None:
        """What a result says, None where it says nothing.

        Args:
            result: of an annotation or a prediction, as Label Studio sends it: not trusted to be well-formed.

        Raises:
            OddResultError: it says something that can't be read.
        """

    def current(self, choice: str) -> str | None:
        """The config's class that a stored choice stands for today, or None when it was removed."""

    def regions(self, choice: str, confidence: float | None) -> list[Region]:
        """A prediction's result: `choice` with its confidence in [0, 1], where one is known."""


@dataclass(frozen=True)
class SingleChoice:
    """One Image, one Choices of which exactly one is picked."""

    image: str
    from_name: str
    to_name: str
    choices: tuple[tuple[str, str | None], ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """Aliases where the config has them, else values; in its order."""
        return tuple(alias or value for value, alias in self.choices)

    @property
    def fields(self) -> tuple[str, ...]:
        """The image, and the control tag that the answers are of."""
        return (self.image, self.from_name)

    def answer(self, result: Any) -> ChoiceAnswer | None:
        """The one choice of the control tag; of another tag where there is none of this one."""
        regions = fields.regions(result)
        own = [region for region in regions if region.get("from_name") == self.from_name]
        for region in own:
            if (choice := _one_choice(region)) is not None:
                return ChoiceAnswer(choice)
        if not isinstance(result, list | None) or len(regions) < len(result or ()) or not all(map(_is_empty, own)):
            raise OddResultError(f"A result carries no single choice of {self.from_name} that can be read.")
        for region in regions:
            tag, choice = region.get("from_name"), _one_choice(region)
            if choice is not None and isinstance(tag, str) and fields.is_storable(tag, LONGEST_CHOICE):
                return ChoiceAnswer(choice, tag)
        return None

    def current(self, choice: str) -> str | None:
        """The class, also for a choice from before it had an alias."""
        if choice in self.classes:
            return choice
        return next((alias or value for value, alias in self.choices if value == choice), None)

    def regions(self, choice: str, confidence: float | None) -> list[Region]:
        """A single region, of the control tag."""
        region: Region = {
            "from_name": self.from_name,
            "to_name": self.to_name,
            "type": "choices",
            "value": {"choices": [choice]},
        }
        return [region if confidence is None else {**region, "score": confidence}]


def _picked(region: Region) -> Any:
    value = region.get("value")
    return value.get("choices") if region.get("type") == "choices" and isinstance(value, dict) else None


def _one_choice(region: Region) -> str | None:
    """The choice of a region of which exactly one is picked."""
    picked = _picked(region)
    choice = picked[0] if isinstance(picked, list) and len(picked) == 1 else None
    return choice if isinstance(choice, str) and fields.is_storable(choice, LONGEST_CHOICE) else None


def _is_empty(region: Region) -> bool:
    """Whether nothing is picked, as where somebody took back a choice."""
    picked = _picked(region)
    return isinstance(picked, list) and not picked


def _short(value: str) -> str:
    """As much of an attribute as a message needs."""
    return value if len(value) <= 80 else f"{value[:80]}…"


def _only(root: ElementTree.Element, tag: str) -> ElementTree.Element:
    found = list(root.iter(tag))
    if len(found) != 1:
        raise UnsupportedConfigError(f"The label config has {len(found)} {tag} tags; this backend needs exactly one.")
    return found[0]


def _required(element: ElementTree.Element, attribute: str) -> str:
    value = element.get(attribute)
    if not value:
        raise UnsupportedConfigError(f"The {element.tag} tag of the label config has no {attribute}=.")
    return value


def _shown(image: ElementTree.Element) -> str:
    value = _required(image, "value")
    if not task_data.names_a_field(value):
        said = f'The Image tag has value="{_short(value)}"'
        raise UnsupportedConfigError(f'{said}; it must name a field of the task: "$image".')
    return value


def read_single_choice(root: ElementTree.Element) -> SingleChoice:
    """Read a config of one Image and one `choice="single"` Choices.

    Raises:
        UnsupportedConfigError: with the one thing that is in the way.
    """
    image, choices = _only(root, "Image"), _only(root, "Choices")
    if image.get("valueList"):
        raise UnsupportedConfigError("The Image tag uses valueList; this backend needs one image per task.")
    mode = choices.get("choice", "single")
    if mode not in ("single", "single-radio"):
        raise UnsupportedConfigError(
            f'The Choices tag has choice="{_short(mode)}"; this backend needs choice="single".'
        )
    for attribute in ("perRegion", "perItem", "allowNested", "visibleWhen"):
        if choices.get(attribute, "false") != "false":
            raise UnsupportedConfigError(f"The Choices tag uses {attribute}, which this backend cannot fill in.")
    if choices.get("value"):
        raise UnsupportedConfigError("The Choices tag takes its choices from the task; list them in the label config.")
    if any(choice.find("Choice") is not None for choice in choices.iter("Choice")):
        raise UnsupportedConfigError("The Choices tag nests its choices, which this backend cannot fill in.")
    to_name = _required(choices, "toName")
    if to_name != _required(image, "name"):
        raise UnsupportedConfigError(f'The Choices tag is for "{_short(to_name)}", which is not the Image.')
    listed = tuple((_required(choice, "value"), choice.get("alias") or None) for choice in choices.iter("Choice"))
    if len({alias or value for value, alias in listed}) < max(2, len(listed)):
        raise UnsupportedConfigError("The Choices tag needs two choices or more, all different.")
    return SingleChoice(
        image=_shown(image),
        from_name=_required(choices, "name"),
        to_name=to_name,
        choices=listed,
    )


READERS: tuple[Callable[[ElementTree.Element], Labeling], ...] = (read_single_choice,)


@lru_cache(maxsize=REMEMBERED)
def read(label_config: str) -> Labeling:
    """Understand a label config; the last ones are remembered, since each request brings one.

    Raises:
        UnsupportedConfigError: no reader understands it; the text names the first obstacle.
    """
    if len(label_config) > MOST_CHARACTERS:
        raise UnsupportedConfigError(
            f"The label config has {len(label_config)} characters; this backend reads up to {MOST_CHARACTERS}."
        )
    try:
        root = fromstring(label_config)
    except (ElementTree.ParseError, ValueError) as error:
        raise UnsupportedConfigError(f"The label config is not well-formed XML: {error}.") from error
    problems: list[UnsupportedConfigError] = []
    for reader in READERS:
        try:
            return reader(root)
        except UnsupportedConfigError as problem:
            problems.append(problem)
    raise problems[0]
