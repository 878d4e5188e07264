"""What a project is told of itself. Types alone: who only reads or shows results need not load what computes them."""

from dataclasses import dataclass

from model.head.evaluation import Estimate


@dataclass(frozen=True)
class ClassAccuracy:
    """A class's figures; None where too few labels, or predictions, stand behind them.

    Attributes:
        n: counted holdout labels of the class.
        note: "not enough labels yet", or empty.
        recall: of the class's images, the share that is recognised.
        precision: of the images that are given the class, the share that is of it.
    """

    n: int
    note: str
    recall: Estimate | None
    precision: Estimate | None


@dataclass(frozen=True)
class AccuracyNow:
    """How often the version is right on an image of the project, drawn at random, whose label it does not know.

    On the images that are left it is right more often, where strategies have already asked for the hard ones.

    Attributes:
        n: counted holdout labels behind it.
        note: "not enough labels yet", or empty.
        accuracy: None with fewer than 20.
        per_class: by class.
    """

    n: int
    note: str
    accuracy: Estimate | None
    per_class: dict[str, ClassAccuracy]


@dataclass(frozen=True)
class Range:
    """Where a number of labels lies; each end holds with 95 % confidence.

    Attributes:
        low: at least so many.
        value: the best guess; None where it would be extrapolation beyond what the holdout supports.
        high: at most so many; None where the holdout does not bound it ("at least `low`").
    """

    low: int
    value: int | None
    high: int | None

    def less(self, count: int) -> "Range":
        """The range with `count` taken off everything."""
        return Range(
            self.low - count,
            None if self.value is None else self.value - count,
            None if self.high is None else self.high - count,
        )


@dataclass(frozen=True)
class LabelsSaved:
    """Labels given against random labels needed for the same accuracy.

    Attributes:
        n: counted holdout labels behind it.
        labels: of the project now.
        random_labels: how many random ones the accuracy of now would have taken; None without labels enough.
        saved: `random_labels` less `labels`; below zero where random ones would have done better.
        note: "not enough labels yet", "at least 320 random labels", or empty.
    """

    n: int
    labels: int
    random_labels: Range | None
    saved: Range | None
    note: str


@dataclass(frozen=True)
class FurtherLabels:
    """Further labels.

    Attributes:
        labels: how many more.
        gain: in accuracy, e.g. 0.02 for two points, never below 0 but for its interval; None where it would be a guess.
        hours: at the project's pace; None where that is unknown.
        note: "not enough labels yet", or empty.
    """

    labels: int
    gain: Estimate | None
    hours: float | None
    note: str


@dataclass(frozen=True)
class Advice:
    """What going on would bring.

    Attributes:
        n: counted holdout labels behind it.
        labels: of the project now.
        steps: one for each of 100, 200 and 500 further labels.
    """

    n: int
    labels: int
    steps: tuple[FurtherLabels, ...]


@dataclass(frozen=True)
class PromotionVerdict:
    """What the paired test says.

    Attributes:
        blocked: keep the new one, but don't activate it.
        p: chance of a loss like this, or a larger one, if both were equally good; of a gain, in `better_or_stay`; in
            (0, 1].
        n: labels that both predicted out of fold.
        lost: of them, those that only the old version has right.
        won: of them, those that only the new version has right.
        text: one sentence for a log and a reader.
    """

    blocked: bool
    p: float
    n: int
    lost: int
    won: int
    text: str
