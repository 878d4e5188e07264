"""All models, one after the other: what is there already is kept, what can't be had is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from model.errors import InputError, ModelError, WeightsError
from model.networks.digest import digest
from model.networks.network import Network
from model.training.splits import TrainingSplit
from scripts.lab.comparison import frozen, outcome, trained
from scripts.lab.comparison.contenders import Contender
from scripts.lab.comparison.errors import ComparisonError
from scripts.lab.comparison.images import LabelledImages, Library
from scripts.lab.comparison.likeness import grouped
from scripts.lab.comparison.outcome import ModelNotRun, ModelOutcome, PlannedModel
from scripts.lab.comparison.splitting import parted

CLASSES_TO_LOOK = ("a", "b")
"""A network is looked at before the data are: any two classes do."""


@dataclass(frozen=True)
class Place:
    """Where results are.

    Attributes:
        outcomes: what models have come to.
        networks: what they have become.
        backbones: networks as the loop runs them.
    """

    outcomes: Path
    networks: Path
    backbones: Path

    @classmethod
    def below(cls, folder: Path) -> "Place":
        """In the folder that the person named."""
        return cls(folder / "outcomes", folder / "networks", folder / "backbones")


def compare(
    contenders: Sequence[Contender], library: Library, place: Place
) -> tuple[list[tuple[ModelOutcome, LabelledImages]], list[ModelNotRun]]:
    """Train models on the same images, one after the other; each is kept as soon as it is finished.

    Returns:
        What was run, with the images that it looked at, and what could not be.

    Raises:
        ComparisonError: there is no such model, or the data don't allow the comparison.
        DataError: the data can't be used.
        Interrupted: Ctrl-C.
    """
    made, missing = [], []
    # All names first, before anything is waited for.
    for contender, side in [(each, _side(each)) for each in contenders]:
        if isinstance(side, ModelNotRun):
            missing.append(side)
            continue
        data = grouped(library, side)
        result = _result(contender, data, place)
        if isinstance(result, ModelNotRun):
            missing.append(result)
        else:
            made.append((result, data))
    return made, missing


def _result(contender: Contender, data: LabelledImages, place: Place) -> ModelOutcome | ModelNotRun:
    """What one model has come to; trained unless an earlier command did."""
    split = parted(data, contender.protocol.seed)
    try:
        network = contender.build(data.classes)
        planned = PlannedModel(contender.model, data.fingerprint, digest(network), contender.settings(network))
        found = outcome.find(place.outcomes, planned)
        if found is not None:
            print(f"{contender.model} is finished already.", flush=True)
            return found
        made = _made(contender, planned, network, data, split, place)
    except ModelError as problem:
        return ModelNotRun(contender.model, str(problem))
    outcome.save(place.outcomes, planned, made)
    return made


def _made(
    contender: Contender,
    planned: PlannedModel,
    network: Network,
    data: LabelledImages,
    split: TrainingSplit,
    place: Place,
) -> ModelOutcome:
    if contender.frozen:
        return frozen.run(planned, network, data, split, place.backbones)
    return trained.run(planned, network, data, split, contender.options(network), place.networks)


def _side(contender: Contender) -> int | ModelNotRun:
    try:
        return contender.build(CLASSES_TO_LOOK).input_size
    except WeightsError as problem:
        return ModelNotRun(contender.model, str(problem))
    except InputError as problem:
        raise ComparisonError(f"{contender.model}: {problem}") from problem
