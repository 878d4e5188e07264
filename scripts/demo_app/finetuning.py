"""The backbone's fine-tuning in the demo: asked for while the annotator is at work, waited for at the end."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from scripts.cli.progress import progress
from scripts.demo_app.versions import SeenVersion
from scripts.stack.client import BackendPage, Json

POLL_SECONDS = 0.5
MOST_SECONDS = 3600.0
SWITCH_SECONDS = 60.0


@dataclass(frozen=True)
class FinetuningSeen:
    """What a session saw of a fine-tuning.

    Attributes:
        phase: that it ended in.
        message: what the backend says of it.
        epochs: trained.
        seconds: from the request to its end.
        versions_meanwhile: versions that the loop published between the two.
        backbone: version of the backbone that the active version was made with at the end.
    """

    phase: str
    message: str
    epochs: int
    seconds: float
    versions_meanwhile: int
    backbone: str


class RequestedFinetuning:
    """A fine-tuning that was just asked for.

    Args:
        service: the backend.
        versions: all versions seen so far, whenever it is asked.
    """

    def __init__(self, service: BackendPage, versions: Callable[[], list[SeenVersion]]) -> None:
        self._service = service
        self._versions = versions
        self._asked_at = time.monotonic()
        service.finetune()

    def wait(self) -> FinetuningSeen:
        """Wait until it is over and, where its backbone was adopted, until the active version is made with it."""
        status = self._until_over()
        ended_at = time.monotonic()
        return FinetuningSeen(
            phase=status["phase"],
            message=status["message"],
            epochs=len(status["history"]),
            seconds=round(ended_at - self._asked_at, 1),
            versions_meanwhile=sum(self._asked_at < each.seen_at < ended_at for each in self._versions()),
            backbone=self._until_used(status["used"]),
        )

    def _until_over(self) -> Json:
        with progress("fine-tuning", unit="epoch", kept=False) as bar:
            while (status := self._service.finetuning())["working"] and not self._is_late(MOST_SECONDS):
                bar.reach(len(status["history"]), status["epochs"] or None)
                bar.describe(f"fine-tuning: {status['phase']}")
                time.sleep(POLL_SECONDS)
        return status

    def _until_used(self, backbone: str) -> str:
        """The backbone that the active version was made with, as soon as it is this one."""
        deadline = time.monotonic() + SWITCH_SECONDS
        while (found := self._active_backbone()) != backbone and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return found

    def _active_backbone(self) -> str:
        seen = self._versions()
        details = self._service.version(seen[-1].name) if seen else None
        return "" if details is None else str(details["settings"]["backbone"])

    def _is_late(self, seconds: float) -> bool:
        return time.monotonic() - self._asked_at > seconds
