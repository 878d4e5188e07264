"""What the mirror holds of a project and its tasks, and what Label Studio sends of them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from backend.project import Project
from backend.store.labels import Annotation
from backend.store.records.label_counts import LabelCounts

IN_FRONT = datetime(9999, 1, 1, tzinfo=UTC)
"""Until when a task may be open that the active version hands out."""

NOT_CONNECTED = "No ML backend is connected to the project in Label Studio."
"""Problem of a project that was disconnected, or is about to be connected: nothing is written to it."""

CHOSEN_BY_HAND = "The project shows the predictions of"
"""How the problem begins of a project that somebody chose another model for: nothing is written to it."""


@dataclass(frozen=True)
class MirroredProject:
    """A project as last pulled.

    Attributes:
        label_counts: what its annotations come to; None before its first run with a label config that is supported.
        foreign_seen: what Label Studio said of other models' predictions when they were pulled; None where they are to
            be pulled anew, empty where there are none.
        foreign_looked_at: when it was asked last; later by a multiple of what pulling them took.
        created_at: in Label Studio's words: another one stands for another project of that number.
        missing_since: when Label Studio first said that it has none, or another one, and nothing else since.
    """

    project: Project
    title: str
    label_config: str
    model_version: str
    sampling: str
    watermark: datetime | None
    compared_at: datetime | None
    active_version: str | None
    refreshed_version: str | None
    problem: str | None
    label_counts: LabelCounts | None = None
    foreign_seen: str | None = None
    foreign_looked_at: datetime | None = None
    created_at: str = ""
    missing_since: datetime | None = None

    @property
    def is_refused(self) -> bool:
        """Whether its label config is one that can't be served; nothing but another config changes that."""
        return self.problem not in (None, NOT_CONNECTED) and not self.is_chosen_by_hand

    @property
    def is_chosen_by_hand(self) -> bool:
        """Whether somebody chose another model than ours for it."""
        return (self.problem or "").startswith(CHOSEN_BY_HAND)


@dataclass(frozen=True)
class MirroredTask:
    """A task as last pulled, and what is known of its image."""

    id: int
    image: str
    created_at: datetime
    content_hash: str | None
    image_problem: str | None
    image_tried_at: datetime | None
    published_version: str | None
    predictions: int
    may_be_open_until: datetime | None

    @property
    def may_be_open(self) -> bool:
        """Whether somebody may have it on the screen."""
        return self.may_be_open_until is not None and self.may_be_open_until > datetime.now(UTC)


@dataclass(frozen=True)
class PulledTask:
    """A task as Label Studio sends it.

    Attributes:
        annotations: None where they were not asked for.
        miscounted: Label Studio's own counter says fewer annotations than it sends.
    """

    id: int
    image: str
    created_at: datetime
    updated_at: datetime
    annotations: tuple[Annotation, ...] | None
    miscounted: bool = False


@dataclass(frozen=True)
class Counts:
    """How much of a project the mirror holds."""

    tasks: int
    annotations: int
    skipped: int


@dataclass(frozen=True)
class Pace:
    """How fast a project is labelled.

    Attributes:
        per_second: answers, of all people together.
        people: who gave them.
    """

    per_second: float
    people: int


@dataclass(frozen=True)
class HeldPredictions:
    """What Label Studio should hold of our predictions of a project.

    Attributes:
        of_version: tasks with a prediction of the version that was asked for.
        predictions: of all versions together.
        tasks: of the project.
    """

    of_version: int
    predictions: int
    tasks: int
