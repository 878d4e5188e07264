"""Whether a project's number still stands for the project that was pulled."""

import math
import time
from dataclasses import dataclass, field

from backend.services import ProjectContext
from backend.store import absence

EVERY_SECONDS = 1.0


@dataclass
class Identity:
    """Asked again and again by what writes for long.

    Label Studio on SQLite gives the number of a deleted project to the next one, and those of its tasks as well: what
    was meant for the one would be taken by the other. A run needs no such question: it begins with a pull.

    Attributes:
        context: the project, and the services to ask with.
        created_at: of the project that was pulled, in Label Studio's words; empty where that is not known.
    """

    context: ProjectContext
    created_at: str
    _asked_at: float = field(default=-math.inf, repr=False)
    _is_another: bool = field(default=False, repr=False)

    def is_another(self) -> bool:
        """Whether the number stands for another project now; asks Label Studio once a second at most.

        Raises:
            NotFoundError: Label Studio has no such project.
            RetryLaterError: Label Studio does not answer.
        """
        now = time.monotonic()
        if not self._is_another and self.created_at and now >= self._asked_at + EVERY_SECONDS:
            self._asked_at = now
            found = self.context.services.label_studio.project(self.context.project.id)
            self._is_another = absence.is_another(self.created_at, found.created_at)
        return self._is_another
