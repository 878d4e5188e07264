"""The command line of `./scripts/autolabel`."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.cli.arguments import add_project

CONFIDENCE = 0.95
FORMATS = (".html", ".json")


@dataclass(frozen=True)
class Options:
    """What the person asked for.

    Attributes:
        backend: its address.
        project: number in Label Studio.
        max_error: of a promise, or None.
        confidence: of that promise.
        threshold: of a plain cut, or None.
        apply: write the annotations.
        undo: take them back.
        cancel: give up what is proposed.
        certificate: file to write the certificate to, or None.
    """

    backend: str
    project: int
    max_error: float | None
    confidence: float
    threshold: float | None
    apply: bool
    undo: bool
    cancel: bool
    certificate: Path | None

    @property
    def proposes(self) -> bool:
        """Whether a set is asked for."""
        return self.max_error is not None or self.threshold is not None


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; ends the process with a usage message where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="./scripts/autolabel",
        description="Label automatically what the model is sure of. People audit a random sample first; called again, "
        "it says how far they are, and what their answers prove. Without an option it says where it stands.",
    )
    add_project(parser)
    asked = parser.add_mutually_exclusive_group()
    asked.add_argument("--max-error", type=float, help="largest share that may be wrong, such as 0.02")
    asked.add_argument("--threshold", type=float, help="UNCERTIFIED: all tasks of this confidence or more, no audit")
    parser.add_argument("--confidence", type=float, help=f"with --max-error: of that promise ({CONFIDENCE})")
    done = parser.add_mutually_exclusive_group()
    done.add_argument("--apply", action="store_true", help="write the annotations, if nothing stands against it")
    done.add_argument("--undo", action="store_true", help="take back exactly the annotations that --apply wrote")
    done.add_argument("--cancel", action="store_true", help="give up the proposed set and its audit")
    parser.add_argument(
        "--certificate", type=Path, metavar="FILE", help="write the certificate: FILE.html or FILE.json"
    )
    given = parser.parse_args(arguments)
    if given.confidence is not None and given.max_error is None:
        parser.error("--confidence belongs to --max-error")
    if (given.undo or given.cancel) and (given.max_error is not None or given.threshold is not None):
        parser.error("--undo and --cancel take no --max-error and no --threshold")
    if given.certificate is not None and given.certificate.suffix not in FORMATS:
        parser.error(f"--certificate writes {' or '.join(FORMATS)}, not {given.certificate.name}")
    given.confidence = CONFIDENCE if given.confidence is None else given.confidence
    return Options(**vars(given))
