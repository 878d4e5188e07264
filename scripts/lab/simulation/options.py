"""The options of simulate."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Literal, Self

import typer

from scripts.cli.commands import CommaSeparated, UsageError
from scripts.cli.options import CHECKOUT, Cache, Data, Jobs, Out, Resolution, Token, cores
from scripts.lab.numbers import inner_share, whole_number

if TYPE_CHECKING:
    from model.backbone.backbone import Origin


def checked_share(value: float) -> float:
    """Check a share of which something must be left on both sides.

    Raises:
        typer.BadParameter: it is not between 0 and 1.
    """
    try:
        return inner_share(str(value))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def checked_share_or_none(value: float | None) -> float | None:
    """As `checked_share`, where a share is given."""
    return None if value is None else checked_share(value)


@dataclass(frozen=True, kw_only=True)
class SimulationOptions:
    """How labelling is replayed.

    Raises:
        UsageError: there is no such backbone or strategy.
    """

    data: Data
    backbone: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="What images are embedded by, as the setting BACKBONE says it: see docs/backbones.md."
        ),
    ] = "efficientnet-lite0"
    weights: Annotated[str, typer.Option(metavar="WEIGHTS", help="As the setting BACKBONE_WEIGHTS says it.")] = (
        "pretrained"
    )
    resolution: Resolution = None
    strategies: Annotated[
        tuple[str, ...],
        typer.Option(
            metavar="NAMES", help="Names of docs/ranking.md, with commas; also skactiveml:margin and the other peers."
        ),
        CommaSeparated(),
    ] = ("auto", "margin", "random")
    peers: Annotated[
        Literal["scikit-activeml"] | None,
        typer.Option(help="Also its margin, TypiClust, CoreSet, ProbCover and BADGE, on the same images and head."),
    ] = None
    seeds: Annotated[
        tuple[int, ...],
        typer.Option(metavar="NUMBERS", help="A run for each: 0,1."),
        CommaSeparated(whole_number),
    ] = (0,)
    splits: Annotated[
        tuple[int, ...],
        typer.Option(metavar="NUMBERS", help="Splits into images to label and to test on: 0,1."),
        CommaSeparated(whole_number),
    ] = (0, 1, 2)
    batch: Annotated[int, typer.Option(min=1, metavar="LABELS", help="Labels between two versions.")] = 50
    budget: Annotated[int, typer.Option(min=1, metavar="LABELS", help="Labels in all.")] = 500
    targets: Annotated[
        tuple[float, ...],
        typer.Option(metavar="SHARES", help="Accuracies that labels are counted to, with commas."),
        CommaSeparated(inner_share),
    ] = (0.9, 0.94)
    random_arm: Annotated[
        float, typer.Option(min=0.0, max=1.0, metavar="SHARE", help="The holdout's share of the images.")
    ] = 0.0
    foreign: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            callback=checked_share_or_none,
            help="Let another model of this accuracy have predicted already, as a zero-shot classifier would.",
            show_default="none",
        ),
    ] = None
    test: Annotated[
        float,
        typer.Option(
            metavar="SHARE", callback=checked_share, help="Images that are tested on, where the data set none aside."
        ),
    ] = 0.15
    pool: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Images to label in each split, of each class its share.",
            show_default="all others",
        ),
    ] = None
    evaluate_every: Annotated[
        int | None,
        typer.Option(min=1, metavar="LABELS", help="Labels between two measurements.", show_default="each batch"),
    ] = None
    stop_at_targets: Annotated[bool, typer.Option("--stop-at-targets", help="End a run at the highest target.")] = False
    jobs: Jobs = field(default_factory=cores)
    token: Token = None
    cache: Cache = CHECKOUT / ".cache" / "simulate"
    out: Out = CHECKOUT / "simulation"

    def __post_init__(self) -> None:
        from model.backbone.backbone import check_name  # noqa: PLC0415 - `--help` waits for no numpy
        from model.errors import InputError  # noqa: PLC0415
        from model.rank.registry import NAMES  # noqa: PLC0415
        from scripts.lab.simulation import peers  # noqa: PLC0415

        try:
            check_name(self.backbone)
        except InputError as error:
            raise UsageError(str(error)) from error
        known = (*NAMES, *peers.NAMES)
        for name in self.strategies:
            if name not in known:
                raise UsageError(f"There is no strategy {name!r}; choose of {', '.join(known)}.")

    @property
    def origin(self) -> "Origin":
        """Where the backbone that the images are embedded by comes from."""
        from model.backbone.backbone import Origin  # noqa: PLC0415

        return Origin(self.backbone, self.weights, self.resolution)

    def resolved(self) -> Self:
        """Spell out what other options decide: strategies with the peers, ascending targets, how often is measured."""
        from scripts.lab.simulation import peers  # noqa: PLC0415

        added = peers.NAMES if self.peers else ()
        return replace(
            self,
            strategies=tuple(dict.fromkeys([*self.strategies, *added])),
            targets=tuple(sorted(self.targets)),
            evaluate_every=self.evaluate_every or self.batch,
        )
