"""The record of an auto-labelling: what was labelled, what was audited, what that proves, and of which state."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from model.errors import InputError

FORMAT = 1


@dataclass(frozen=True)
class AuditAnswer:
    """A task of the audit.

    Attributes:
        task: its id.
        predicted: the class that would have been submitted.
        answered: the class that people gave; None where they skipped it or could not agree.
        annotations: ids of the annotations that the answer was read from.
        answered_at: ISO 8601, UTC; empty where there is no answer.
    """

    task: int
    predicted: str
    answered: str | None
    annotations: tuple[int, ...]
    answered_at: str

    @property
    def right(self) -> bool:
        """Whether people said what the model says."""
        return self.predicted == self.answered


@dataclass(frozen=True)
class Certificate:
    """An auto-labelling, certified or not.

    Attributes:
        project: its number in Label Studio.
        label_studio: address.
        made_at: ISO 8601, UTC.
        certified: False for a plain cut, whatever the rest says.
        threshold: of the confidence.
        max_error: promised; None for a plain cut.
        confidence: of the promise; None for a plain cut.
        bound: upper bound of the error in the tasks labelled automatically; None for a plain cut.
        binomial_bound: the same for a set without end; None for a plain cut.
        attempt: at which it held, 1 for the first; 0 for a plain cut.
        set_size: tasks of the proposed set, audited ones included.
        allowed_errors: in the audit; None for a plain cut.
        answers: the audit's.
        tasks: labelled automatically, each with the class submitted.
        version: of the head whose predictions these are.
        versions: of the software and of the backbone, by name.
        label_config: SHA-256 of the label config.
        seed: of the audit's draw.
        message: the verdict in words.
    """

    project: int
    label_studio: str
    made_at: str
    certified: bool
    threshold: float
    max_error: float | None
    confidence: float | None
    bound: float | None
    binomial_bound: float | None
    attempt: int
    set_size: int
    allowed_errors: int | None
    answers: tuple[AuditAnswer, ...]
    tasks: tuple[tuple[int, str], ...]
    version: str
    versions: dict[str, str]
    label_config: str
    seed: int
    message: str

    @property
    def errors(self) -> int:
        """Answers that disagree with the prediction."""
        return sum(not answer.right for answer in self.answers)

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries, lists, numbers, texts and None."""
        return {"format": FORMAT, "errors": self.errors, **asdict(self)}

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        """Read what `to_json` wrote.

        Raises:
            InputError: a field is missing, or the record is of another format.
        """
        if record.get("format") != FORMAT:
            raise InputError(f"This certificate is of format {record.get('format')!r}, expected {FORMAT}.")
        try:
            fields = {name: record[name] for name in cls.__dataclass_fields__}
            answers = tuple(
                AuditAnswer(**{**answer, "annotations": tuple(answer["annotations"])}) for answer in fields["answers"]
            )
            tasks = tuple((int(task), str(choice)) for task, choice in fields["tasks"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"This is no certificate: {error!r}.") from error
        return cls(**{**fields, "answers": answers, "tasks": tasks})
