"""What is kept of fine-tunings: what was requested, and how far it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from backend.store.records.json_record import JsonRecord
from model.insight.results import PromotionVerdict
from model.training.history import Epoch


class FinetunePhase(StrEnum):
    """How far a fine-tuning is."""

    WAITING = "waiting"
    COLLECTING = "collecting"
    TRAINING = "training"
    JUDGING = "judging"
    EMBEDDING = "embedding"
    ADOPTED = "adopted"
    REJECTED = "kept_back"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    FAILED = "failed"
    UNDONE = "undone"


AT_WORK = (FinetunePhase.WAITING, FinetunePhase.COLLECTING, FinetunePhase.TRAINING, FinetunePhase.JUDGING)
"""The training's own job has something to do: one that was killed is taken up again."""

OPEN = (*AT_WORK, FinetunePhase.EMBEDDING)
"""Not at an end: a project has one of these at a time."""


@dataclass(frozen=True)
class FinetuneRequest:
    """What is asked of a fine-tuning.

    Attributes:
        network: name of what to train, see `model.networks.registry`; empty for the settings' backbone.
        fresh: begin with the pretrained weights, though the project has a fine-tuned backbone already.
        options: fields of `model.training.options.TrainingOptions` that are not to be the default.
        trigger: who wanted it: a person, or a policy.
    """

    network: str = ""
    fresh: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    trigger: str = "hand"


@dataclass(frozen=True)
class Finetuning(JsonRecord):
    """A fine-tuning and how far it is.

    Attributes:
        name: from the time.
        base: version of the backbone that the settings named when it was requested.
        message: the last that is to be said of it, for people.
        labels: of the project when it was requested, then when it began; those of the holdout included.
        network: name of what is trained.
        warm_from: version of the fine-tuned backbone that it went on from; empty where it began anew.
        images: how many are trained on, and how many choose the best epoch.
        epochs: at most.
        history: the epochs so far.
        seconds_left: of the training, at most; None before its first epoch.
        backbone: version of what came of it; empty before it is exported.
        verdict: how it compares with the backbone in use; None before that.
        done, total: tasks embedded so far, and of all.
        started_at, ended_at: ISO 8601; empty before.
    """

    name: str
    phase: FinetunePhase
    request: Annotated[FinetuneRequest, Field(alias="wish")]
    base: str
    message: str = ""
    labels: int = 0
    network: str = ""
    warm_from: str = ""
    images: tuple[int, int] = (0, 0)
    epochs: int = 0
    history: tuple[Epoch, ...] = ()
    seconds_left: float | None = None
    backbone: str = ""
    verdict: PromotionVerdict | None = None
    done: int = 0
    total: int = 0
    started_at: str = ""
    ended_at: str = ""
