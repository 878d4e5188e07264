"""What can be wrong with the backend and its projects: every kind with its code, its meaning and its mend.

docs/troubleshooting.md is made from `KINDS`. What is wrong now is found by `backend.web.health.problems`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from backend.web.health.exposure import ANYBODY_MEND


class Severity(StrEnum):
    """How much it matters."""

    PROBLEM = "problem"
    """Something does not work, or soon will not."""
    NOTE = "note"
    """All works, but something may look as if it did not."""


class ProblemKind(StrEnum):
    """What is wrong; the values are the codes in `/health` and in docs/troubleshooting.md."""

    STARTING = "starting"
    OPEN_TO_ANYBODY = "open-to-anybody"
    CHECKS_STAND_STILL = "checks-stand-still"
    REDIS = "redis"
    REDIS_FORGETS = "redis-forgets"
    NO_WORKER = "no-worker"
    OTHER_RELEASE = "other-release"
    NO_TRAINING_WORKER = "no-training-worker"
    NO_BACKBONE = "no-backbone"
    LABEL_STUDIO = "label-studio"
    DATABASE = "database"
    DISK = "disk"
    TWO_WEB_PROCESSES = "two-web-processes"
    CLOCKS = "clocks"
    SET_ASIDE = "set-aside"
    NOT_TRACKED = "not-tracked"
    PROJECT_REFUSED = "project-refused"
    PROJECT_MISSING = "project-missing"
    RUNS_FAIL = "runs-fail"
    STANDSTILL = "standstill"
    IMAGES_UNUSABLE = "images-unusable"
    LABELS_WITHOUT_EFFECT = "labels-without-effect"
    OTHER_MODEL_CHOSEN = "other-model-chosen"
    OLDER_VERSION_CHOSEN = "older-version-chosen"
    OTHER_ORDER_CHOSEN = "other-order-chosen"
    NO_TASKS = "no-tasks"
    ONE_CLASS = "one-class"
    ALL_ANSWERED = "all-answered"
    NOTHING_BUT_HOLDOUT = "nothing-but-holdout"
    IMAGES_WAIT = "images-wait"


@dataclass(frozen=True)
class KindOfProblem:
    """What is always so of a kind.

    Attributes:
        meaning: a sentence.
        mend: what to do, in sentences; what a problem itself says is more exact.
    """

    meaning: str
    mend: str
    level: Severity = Severity.PROBLEM


KINDS: dict[ProblemKind, KindOfProblem] = {
    ProblemKind.STARTING: KindOfProblem("Starting: nothing has been checked yet.", "Ask again in some seconds."),
    ProblemKind.OPEN_TO_ANYBODY: KindOfProblem(
        "Anybody who reaches the service may call it: HOST is open to others, and no credentials are set.", ANYBODY_MEND
    ),
    ProblemKind.CHECKS_STAND_STILL: KindOfProblem(
        "Some of what /health says is old: the web process has not come to look again, or could not.",
        "Something that it asks hangs, or fails each time: a database, a network disk. Its log says what fails; if "
        "nothing does, restart the web process.",
    ),
    ProblemKind.REDIS: KindOfProblem(
        "Redis does not answer, or takes no writes. Nothing trains meanwhile; nothing is lost.",
        "Start Redis, and check REDIS_URL; what is wrong stands beside it.",
    ),
    ProblemKind.REDIS_FORGETS: KindOfProblem(
        "Redis may throw the queue's keys away when its memory is full (its maxmemory-policy is for caches).",
        "Set `maxmemory-policy noeviction`, or give the backend a Redis of its own.",
    ),
    ProblemKind.NO_WORKER: KindOfProblem(
        "No worker is running. Nothing trains meanwhile.",
        "Start one with `python -m backend.worker`, with the same settings as the web process. If one is running, its "
        "REDIS_URL or LABEL_STUDIO_URL is another one, so it looks at another queue.",
    ),
    ProblemKind.OTHER_RELEASE: KindOfProblem(
        "A worker is of another release than the web process.",
        "Install the same release for both, and restart workers first, the web process then.",
    ),
    ProblemKind.NO_TRAINING_WORKER: KindOfProblem(
        "A fine-tuning waits, but no training worker is running.", "Start one with `python -m backend.trainer`."
    ),
    ProblemKind.NO_BACKBONE: KindOfProblem(
        "The backbone is not exported yet, so no image can be embedded.",
        "A worker does so when it starts, or says in its log why it can't.",
    ),
    ProblemKind.LABEL_STUDIO: KindOfProblem(
        "Label Studio does not answer, or refuses the token.",
        "What to do stands beside it; `connect --check` looks more closely.",
    ),
    ProblemKind.DATABASE: KindOfProblem(
        "The SQL database can't be read.", "What to do stands beside it; check DATABASE_URL."
    ),
    ProblemKind.DISK: KindOfProblem(
        "The disk of MODEL_DIR is nearly full, or can't be written to.",
        "Make room, or mount it for writing. Nothing half-written is left; what was put off goes on by itself.",
    ),
    ProblemKind.TWO_WEB_PROCESSES: KindOfProblem(
        "Two web processes work with the same MODEL_DIR: each asks for the same work.",
        "Stop one of them, or give each a MODEL_DIR of its own. Behind gunicorn, keep `workers = 1`.",
    ),
    ProblemKind.CLOCKS: KindOfProblem(
        "The clocks of this machine and of Label Studio or Redis are far apart.",
        "Set both by a time server (NTP).",
    ),
    ProblemKind.SET_ASIDE: KindOfProblem(
        "Files could not be read. They lie in MODEL_DIR/set-aside and are made anew, but for what is named as lost.",
        "Look at the disk. Remove the folder when nothing in it is needed.",
    ),
    ProblemKind.NOT_TRACKED: KindOfProblem(
        "MLflow takes nothing: fits and trainings wait for it.",
        "Check MLFLOW_TRACKING_URI, and the log; TRACKING=false ends it.",
    ),
    ProblemKind.PROJECT_REFUSED: KindOfProblem(
        "The project can't be learned: its label config asks for something that this backend does not know.",
        "Change it under Settings > Labeling Interface, or disconnect the backend from the project.",
    ),
    ProblemKind.PROJECT_MISSING: KindOfProblem(
        "Label Studio says that it has no such project, or another one by its number. If it still says so in some "
        "minutes, the project is forgotten.",
        "If the project is there, give the backend a token of a user who may see it.",
    ),
    ProblemKind.RUNS_FAIL: KindOfProblem(
        "The project's runs fail or are put off, one after the other. It keeps its last version meanwhile.",
        "The reason is that of the last run; the worker's log has all of it. It is tried again.",
    ),
    ProblemKind.STANDSTILL: KindOfProblem(
        "Something changed in the project, and no run has taken that up for a minute.",
        "Start a worker, or another one, if those there are have too much to do; look into the workers' logs.",
    ),
    ProblemKind.IMAGES_UNUSABLE: KindOfProblem(
        "Images of the project can't be used: their tasks have no prediction and come last.",
        "Mend the addresses or files; they are tried again every ten minutes while nobody labels, or at once when the "
        "task changes.",
    ),
    ProblemKind.LABELS_WITHOUT_EFFECT: KindOfProblem(
        "The project has annotations that don't count as labels.",
        "Rename the choice back, or annotate the tasks again; see docs/glossary.md for what a label is.",
    ),
    ProblemKind.OTHER_MODEL_CHOSEN: KindOfProblem(
        "Somebody chose another model for the project: it is not learned, and nothing is written to it.",
        "To go back, choose the backend's title under Settings > Annotation > Live predictions.",
    ),
    ProblemKind.OLDER_VERSION_CHOSEN: KindOfProblem(
        "Somebody chose an older version of the backend's for the project: tasks don't come in the queue's order.",
        "Label on: the next version replaces it. Or choose the newest under Settings > Annotation > Live predictions.",
        Severity.NOTE,
    ),
    ProblemKind.OTHER_ORDER_CHOSEN: KindOfProblem(
        "The task sampling of the project is another one: tasks don't come in the queue's order. It is left so.",
        "Run `connect` without --check to set it.",
        Severity.NOTE,
    ),
    ProblemKind.NO_TASKS: KindOfProblem("The project has no tasks yet.", "Import images.", Severity.NOTE),
    ProblemKind.ONE_CLASS: KindOfProblem(
        "All labels are of one class, so there is nothing to tell apart: images are asked for, but not predicted.",
        "Label an image of another class.",
        Severity.NOTE,
    ),
    ProblemKind.ALL_ANSWERED: KindOfProblem(
        "Every task is annotated: there is nothing left to ask for.",
        "Import more images, if you need more.",
        Severity.NOTE,
    ),
    ProblemKind.NOTHING_BUT_HOLDOUT: KindOfProblem(
        "HOLDOUT_SHARE=1: every task is drawn at random, and none is chosen by the model.",
        "Set HOLDOUT_SHARE to a small share, such as 0.1.",
        Severity.NOTE,
    ),
    ProblemKind.IMAGES_WAIT: KindOfProblem(
        "Images of the project have not been looked at yet; a worker is at it.", "Wait.", Severity.NOTE
    ),
}


@dataclass(frozen=True)
class Problem:
    """Something that is wrong now.

    Attributes:
        message: what is so, in a sentence or two; never with the project's number, nor with a line break.
        mend: what to do, in sentences.
        project: Label Studio's number, None where all projects are concerned.
        since: when it was first seen, None where that is not known.
    """

    kind: ProblemKind
    message: str
    mend: str
    project: int | None = None
    since: datetime | None = None

    @property
    def level(self) -> Severity:
        """How much it matters."""
        return KINDS[self.kind].level

    @property
    def line(self) -> str:
        """All of it in one line, for people."""
        of_project = "" if self.project is None else f"Project {self.project}: "
        mend = f" {self.mend}" if self.mend else ""
        return f"{of_project}{self.message}{mend} [{self.kind}]"

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "kind": str(self.kind),
            "level": str(self.level),
            "project": self.project,
            "message": self.message,
            "mend": self.mend,
            "since": None if self.since is None else self.since.isoformat(timespec="seconds"),
        }


def problem(kind: ProblemKind, message: str = "", mend: str = "", project: int | None = None) -> Problem:
    """A problem of a kind, with the kind's own words where there are no better ones."""
    known = KINDS[kind]
    return Problem(kind, " ".join((message or known.meaning).split()), mend or known.mend, project)


_undescribed = set(ProblemKind) - KINDS.keys()
if _undescribed:
    raise RuntimeError(f"Kinds of problems without a description: {sorted(_undescribed)}.")
