"""The options of autolabel."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from scripts.cli.commands import UsageError
from scripts.cli.options import BACKEND_URL, Backend, Project

CONFIDENCE = 0.95
FORMATS = (".html", ".json")


@dataclass(frozen=True, kw_only=True)
class AutolabelOptions:
    """What to label and what to do with it.

    Raises:
        UsageError: two of the options exclude each other, or one lacks another.
    """

    project: Project
    backend: Backend = BACKEND_URL
    max_error: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Propose a set in which at most this share is wrong, such as 0.02; again: how far its audit is, and "
            "what it proves.",
        ),
    ] = None
    threshold: Annotated[
        float | None,
        typer.Option(metavar="CONFIDENCE", help="UNCERTIFIED: all tasks of this confidence or more, without an audit."),
    ] = None
    confidence: Annotated[
        float | None,
        typer.Option(
            metavar="CONFIDENCE", help="With --max-error: the confidence of that promise.", show_default=str(CONFIDENCE)
        ),
    ] = None
    apply: Annotated[bool, typer.Option("--apply", help="Write the annotations, if nothing stands against it.")] = False
    undo: Annotated[bool, typer.Option("--undo", help="Take back exactly the annotations that --apply wrote.")] = False
    cancel: Annotated[bool, typer.Option("--cancel", help="Give up the proposed set and its audit.")] = False
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the certificate: FILE.html or FILE.json.")
    ] = None

    def __post_init__(self) -> None:
        if self.max_error is not None and self.threshold is not None:
            raise UsageError("--threshold is not allowed with --max-error.")
        if self.apply + self.undo + self.cancel > 1:
            raise UsageError("Only one of --apply, --undo and --cancel is allowed.")
        if self.confidence is not None and self.max_error is None:
            raise UsageError("--confidence belongs to --max-error.")
        if (self.undo or self.cancel) and self.proposes:
            raise UsageError("--undo and --cancel take no --max-error and no --threshold.")
        if self.certificate is not None and self.certificate.suffix not in FORMATS:
            raise UsageError(f"--certificate writes {' or '.join(FORMATS)}, not {self.certificate.name}.")

    @property
    def proposes(self) -> bool:
        """Whether a set is asked for."""
        return self.max_error is not None or self.threshold is not None

    @property
    def promised_confidence(self) -> float | None:
        """Confidence of the promise, in (0, 1); None where none is asked for."""
        if self.max_error is None:
            return None
        return CONFIDENCE if self.confidence is None else self.confidence
