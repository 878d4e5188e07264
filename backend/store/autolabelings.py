"""Auto-labellings on disk: what was ordered, what was proposed and audited, what is being written.

Everything is a JSON file that is there whole or not at all. What Label Studio holds is not kept here: which tasks of a
set are labelled already is read off the mirror, so that nothing can disagree after a kill.

    <project key>/orders/<name>.json              what somebody ordered, until the job has taken it up
    <project key>/<name>/state.json               how far it is
    <project key>/<name>/set-<attempt>.json       the proposed tasks, each with class and confidence
    <project key>/<name>/certificate.json         what it proved, once it did
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from backend.project import Project
from backend.store import versions
from model.files import whole_file

WISH = "wish"
"""Key of a request on disk and on the wire, which keep their names."""


class AutolabelPhase(StrEnum):
    """How far an auto-labelling is."""

    AUDITING = "auditing"
    READY = "ready"
    APPLYING = "applying"
    APPLIED = "applied"
    UNDOING = "undoing"
    UNDONE = "undone"
    REFUSED = "refused"
    CANCELLED = "cancelled"


WRITING = (AutolabelPhase.APPLYING, AutolabelPhase.UNDOING)
"""Label Studio is being written to: a job that was killed is taken up again."""

OPEN = (AutolabelPhase.AUDITING, AutolabelPhase.READY, *WRITING)
"""Not at an end: a project has one of these at a time."""


class AutolabelAction(StrEnum):
    """What a person can order."""

    PROPOSE = "propose"
    JUDGE = "judge"
    APPLY = "apply"
    UNDO = "undo"
    CANCEL = "cancel"


@dataclass(frozen=True)
class AutolabelRequest:
    """What is asked of an auto-labelling: a promise, or a plain cut.

    Attributes:
        max_error: largest error in what is labelled automatically; None for a plain cut.
        confidence: of that promise; None for a plain cut.
        threshold: of a plain cut; None for a promise.
    """

    max_error: float | None = None
    confidence: float | None = None
    threshold: float | None = None

    def __str__(self) -> str:
        if self.threshold is not None:
            return f"a plain cut at {self.threshold:g}"
        return f"an error of at most {self.max_error or 0:.2%} with {self.confidence or 0:.0%} confidence"


@dataclass(frozen=True)
class AutolabelCommand:
    """What somebody ordered.

    Attributes:
        name: from the time; an auto-labelling that is proposed takes it over.
        request: of a proposal.
    """

    name: str
    action: AutolabelAction
    request: AutolabelRequest


@dataclass(frozen=True)
class AuditedTask:
    """A task under audit, and since when: ISO 8601. Nobody is shown a prediction of it from then on."""

    task: int
    drawn_at: str


@dataclass(frozen=True)
class Autolabeling:
    """An auto-labelling and how far it is.

    Attributes:
        name: also the certificate's id, which every automatic annotation carries.
        message: the last that is to be said of it, for people.
        version: whose head predicted the set; empty where there was none.
        backbone: of that version, or the one that there was no version of yet.
        classes: of the label config when the set was proposed.
        label_config: SHA-256 of the label config then.
        attempt: from 1; 0 before there is a set, and for a plain cut.
        threshold: of the confidence, of the set.
        size: of the set, audited tasks included.
        sample_size, allowed_errors: of the audit.
        seed: of the audit's draw.
        audit: tasks that people are to answer, in the order drawn.
        left_out: tasks that were drawn, but that somebody had begun before: no part of the set any more.
        done, total: tasks written or taken back so far, and of all.
        problem: why writing stopped and waits for somebody; empty where it did not.
    """

    name: str
    phase: AutolabelPhase
    request: AutolabelRequest
    message: str
    version: str = ""
    backbone: str = ""
    classes: tuple[str, ...] = ()
    label_config: str = ""
    attempt: int = 0
    threshold: float = 1.0
    size: int = 0
    sample_size: int = 0
    allowed_errors: int = 0
    seed: int = 0
    audit: tuple[AuditedTask, ...] = ()
    left_out: tuple[int, ...] = ()
    done: int = 0
    total: int = 0
    problem: str = ""

    @property
    def certified(self) -> bool:
        """Whether a promise stands behind it, or is to."""
        return self.request.threshold is None

    def to_json(self) -> dict[str, Any]:
        """The record on disk."""
        return _with_key(asdict(self), "request", WISH)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            **{
                **_with_key(record, WISH, "request"),
                "phase": AutolabelPhase(record["phase"]),
                "request": AutolabelRequest(**record[WISH]),
                "classes": tuple(record["classes"]),
                "audit": tuple(AuditedTask(**each) for each in record["audit"]),
                "left_out": tuple(record["left_out"]),
            }
        )


@dataclass(frozen=True)
class Candidate:
    """A task of a proposed set, with the class and the confidence in [0, 1] that were predicted."""

    task: int
    choice: str
    confidence: float


class AutolabelingStore:
    """Auto-labellings of all projects. Orders may be written at any time, all else only under the project's lease."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def order(self, project: Project, action: AutolabelAction, request: AutolabelRequest) -> AutolabelCommand:
        """Keep an order for the job."""
        order = AutolabelCommand(new_name(), action, request)
        _write(self._orders(project) / f"{order.name}.json", _with_key(asdict(order), "request", WISH))
        return order

    def orders(self, project: Project) -> list[AutolabelCommand]:
        """Orders that no job has taken up, oldest first."""
        found = []
        for path in sorted(self._orders(project).glob("*.json")):
            record = json.loads(path.read_text())
            found.append(
                AutolabelCommand(record["name"], AutolabelAction(record["action"]), AutolabelRequest(**record[WISH]))
            )
        return found

    def taken(self, project: Project, order: AutolabelCommand) -> None:
        """An order was carried out, or at least noted in the state."""
        (self._orders(project) / f"{order.name}.json").unlink(missing_ok=True)

    def all(self, project: Project) -> list[Autolabeling]:
        """Every auto-labelling of a project, oldest first."""
        paths = sorted((self._folder / project.key).glob("*/state.json"))
        return [Autolabeling.from_json(json.loads(path.read_text())) for path in paths]

    def newest(self, project: Project) -> Autolabeling | None:
        """The one that was begun last."""
        return next(iter(reversed(self.all(project))), None)

    def has_work(self, project: Project) -> bool:
        """Whether a job has something to do: an order, or writing that was cut off."""
        if not (self._folder / project.key).exists():
            return False
        waits = any(each.phase in WRITING and not each.problem for each in self.all(project))
        return waits or bool(self.orders(project))

    def audited(self, project: Project) -> tuple[int, ...]:
        """Tasks of the audit that is under way: to be asked first, without pre-annotation."""
        newest = self.newest(project)
        if newest is None or newest.phase is not AutolabelPhase.AUDITING:
            return ()
        return tuple(each.task for each in newest.audit)

    def in_writing(self, project: Project) -> set[int]:
        """Tasks that are being labelled automatically, or freed of that, right now: nobody is asked for them."""
        writing = [each for each in self.all(project) if each.phase in WRITING]
        return {candidate.task for each in writing for candidate in self.to_label(project, each)}

    def save(self, project: Project, state: Autolabeling) -> None:
        """Write how far an auto-labelling is."""
        _write(self._folder / project.key / state.name / "state.json", state.to_json())

    def save_set(self, project: Project, name: str, attempt: int, candidates: list[Candidate]) -> None:
        """Write a proposed set; before the state that speaks of it."""
        record = [[each.task, each.choice, each.confidence] for each in candidates]
        _write(self._folder / project.key / name / f"set-{attempt}.json", record)

    def candidates(self, project: Project, state: Autolabeling) -> list[Candidate]:
        """The proposed set, by ascending task."""
        path = self._folder / project.key / state.name / f"set-{state.attempt}.json"
        return [Candidate(task, choice, confidence) for task, choice, confidence in json.loads(path.read_text())]

    def to_label(self, project: Project, state: Autolabeling) -> list[Candidate]:
        """The part of the set that people are not asked to audit."""
        people = {each.task for each in state.audit} | set(state.left_out)
        return [each for each in self.candidates(project, state) if each.task not in people]

    def save_certificate(self, project: Project, name: str, record: Mapping[str, Any]) -> None:
        """Write what an auto-labelling proved, or that it proved nothing."""
        _write(self._folder / project.key / name / "certificate.json", record)

    def certificate(self, project: Project, name: str) -> dict[str, Any] | None:
        """The certificate, or None where there is none (yet)."""
        path = self._folder / project.key / name / "certificate.json"
        if not path.exists():
            return None
        record: dict[str, Any] = json.loads(path.read_text())
        return record

    def _orders(self, project: Project) -> Path:
        return self._folder / project.key / "orders"


def new_name(now: datetime | None = None) -> str:
    """A name from the time, unique also where two are made in the same millisecond."""
    return f"{versions.new_name(now)}-{secrets.token_hex(2)}"


def _with_key(record: Mapping[str, Any], key: str, other: str) -> dict[str, Any]:
    """The same record with one of its keys called otherwise."""
    return {other if name == key else name: value for name, value in record.items()}


def _write(path: Path, value: Any) -> None:
    """Write JSON whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as unfinished:
        unfinished.write_text(json.dumps(value, ensure_ascii=False, indent=None if isinstance(value, list) else 1))
