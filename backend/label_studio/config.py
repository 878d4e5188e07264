"""Label configs: what a project asks of the model, and how its answers are written as regions.

`read` tries each reader in `READERS`. Another tag that asks for one class of an image (a flat Taxonomy, a Rating) is
a new reader that returns its own `Labeling`; nothing else changes. Several answers to a task need more than a reader.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from xml.etree import ElementTree

from backend.errors import UnsupportedConfigError

Region = dict[str, Any]


class Labeling(Protocol):
    """What the loop needs to know of a label config."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes as annotations and predictions carry them, in the config's order."""

    @property
    def image_key(self) -> str:
        """Key of the image's address in the task's data."""

    @property
    def fields(self) -> tuple[str, ...]:
        """What is read of tasks and annotations: where it changes, all of them are read again."""

    def label(self, result: Sequence[Region]) -> str | None:
        """The choice that an annotation's result carries for this config, or None."""

    def current(self, choice: str) -> str | None:
        """The config's class that a stored choice stands for today, or None when it was removed."""

    def regions(self, choice: str, confidence: float) -> list[Region]:
        """A prediction's result: `choice` with its confidence in [0, 1]."""


@dataclass(frozen=True)
class SingleChoice:
    """One Image, one Choices of which exactly one is picked."""

    image_key: str
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
        return (self.image_key, self.from_name)

    def label(self, result: Sequence[Region]) -> str | None:
        """The one choice of the control tag."""
        for region in result:
            if region.get("from_name") == self.from_name and region.get("type") == "choices":
                picked = (region.get("value") or {}).get("choices")
                if isinstance(picked, list) and len(picked) == 1 and isinstance(picked[0], str):
                    return picked[0]
        return None

    def current(self, choice: str) -> str | None:
        """The class, also for a choice from before it had an alias."""
        if choice in self.classes:
            return choice
        return next((alias or value for value, alias in self.choices if value == choice), None)

    def regions(self, choice: str, confidence: float) -> list[Region]:
        """A single region, of the control tag."""
        return [
            {
                "from_name": self.from_name,
                "to_name": self.to_name,
                "type": "choices",
                "value": {"choices": [choice]},
                "score": confidence,
            }
        ]


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


def _variable(value: str, tag: str) -> str:
    if not value.startswith("$") or len(value) < 2:
        raise UnsupportedConfigError(f'The {tag} tag has value="{value}"; it must name a field of the task: "$image".')
    return value[1:]


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
        raise UnsupportedConfigError(f'The Choices tag has choice="{mode}"; this backend needs choice="single".')
    for attribute in ("perRegion", "perItem", "allowNested", "visibleWhen"):
        if choices.get(attribute, "false") != "false":
            raise UnsupportedConfigError(f"The Choices tag uses {attribute}, which this backend cannot fill in.")
    if choices.get("value"):
        raise UnsupportedConfigError("The Choices tag takes its choices from the task; list them in the label config.")
    if any(choice.find("Choice") is not None for choice in choices.iter("Choice")):
        raise UnsupportedConfigError("The Choices tag nests its choices, which this backend cannot fill in.")
    to_name = _required(choices, "toName")
    if to_name != _required(image, "name"):
        raise UnsupportedConfigError(f'The Choices tag is for "{to_name}", which is not the Image.')
    listed = tuple((_required(choice, "value"), choice.get("alias") or None) for choice in choices.iter("Choice"))
    if len({alias or value for value, alias in listed}) < max(2, len(listed)):
        raise UnsupportedConfigError("The Choices tag needs two choices or more, all different.")
    return SingleChoice(
        image_key=_variable(_required(image, "value"), "Image"),
        from_name=_required(choices, "name"),
        to_name=to_name,
        choices=listed,
    )


READERS: tuple[Callable[[ElementTree.Element], Labeling], ...] = (read_single_choice,)


def read(label_config: str) -> Labeling:
    """Understand a label config.

    Raises:
        UnsupportedConfigError: no reader understands it; the text names the first obstacle.
    """
    try:
        root = ElementTree.fromstring(label_config)  # noqa: S314 - expat 2.4.1 and later limits entity expansion
    except (ElementTree.ParseError, ValueError) as error:
        raise UnsupportedConfigError(f"The label config is not well-formed XML: {error}.") from error
    problems: list[UnsupportedConfigError] = []
    for reader in READERS:
        try:
            return reader(root)
        except UnsupportedConfigError as problem:
            problems.append(problem)
    raise problems[0]
