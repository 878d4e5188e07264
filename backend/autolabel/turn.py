"""One project as the auto-labelling job works on it: under the lease, on a mirror that was just pulled."""

import hashlib
import time
from dataclasses import dataclass, field

from backend.errors import OperatorError
from backend.label_studio.config import Labeling
from backend.queue.jobs import JobKind
from backend.queue.lease import Lease
from backend.services import ProjectContext
from backend.store.records.autolabeling import Autolabeling

TURN_SECONDS = 30.0
"""A job works for so long at most; then it queues behind whatever else waits, and goes on."""


def _turn_end() -> float:
    return time.monotonic() + TURN_SECONDS


@dataclass(frozen=True)
class Turn(ProjectContext):
    """A project for one turn of the job.

    Attributes:
        ends: when the turn is over, by the monotonic clock.
    """

    lease: Lease
    ends: float = field(default_factory=_turn_end)

    def pull(self) -> Labeling:
        """Bring the mirror up to date.

        Raises:
            OperatorError: the project is not connected, or its label config not supported.
            RetryLaterError: Label Studio does not answer, or the lease was lost.
        """
        self.lease.check()
        synced = self.services.sync.run(self.project)
        if synced.labeling is None:
            mirrored = self.services.mirror.project(self.project)
            raise OperatorError((mirrored and mirrored.problem) or "The label config can't be read.")
        return synced.labeling

    def interrupted(self) -> bool:
        """Whether to give the project back. Other projects' runs count too: this worker may be the only one."""
        queue = self.services.queue
        waits = queue.waiting(JobKind.RUN, self.project) or queue.runs_wait()
        return waits or time.monotonic() > self.ends or not self.lease.held()

    def save(self, state: Autolabeling) -> None:
        """Keep how far an auto-labelling is."""
        self.services.autolabelings.save(self.project, state)

    def have_a_run(self) -> None:
        """Have a version published that suits what was just saved."""
        self.services.queue.hint(self.project)

    def label_config(self) -> str:
        """SHA-256 of the label config."""
        mirrored = self.services.mirror.project(self.project)
        return hashlib.sha256((mirrored.label_config if mirrored is not None else "").encode()).hexdigest()


def check_classes(state: Autolabeling, labeling: Labeling) -> None:
    """Refuse to go on where the model could not have predicted what people may answer today.

    Raises:
        OperatorError: classes were added or removed since the set was proposed.
    """
    if {labeling.current(name) for name in state.classes} != set(labeling.classes):
        raise OperatorError(
            "The label config's classes changed since the set was proposed, so its audit says nothing of them. "
            "Cancel it and propose a new one."
        )
