"""What autolabel does: order it of the backend, wait, and say where it stands."""

import json
import sys
import time
from pathlib import Path

from tqdm import tqdm

from scripts.cli.autolabel.options import Options
from scripts.cli.autolabel.page import page
from scripts.cli.backend_client import Backend, Json
from scripts.cli.commands import ExitCode

POLL_SECONDS = 0.5
PATIENCE_SECONDS = 10.0
"""Without any progress for so long, it is asked what is missing."""

SAYS = {
    "auditing": "Have people label on; then run the same command again.",
    "ready": "Write the annotations with --apply, or give it up with --cancel.",
    "applied": "Take them back with --undo.",
}


def autolabel(options: Options) -> int:
    """Do what was asked; 1 where it was refused or stopped.

    Raises:
        BackendError: the backend refuses, or does not answer.
    """
    backend = Backend.of_settings(options.backend, options.project, "autolabel")
    status = act(options, backend)
    print("\n".join(lines(status)))
    if options.certificate is not None:
        write_certificate(options.certificate, backend.certificate())
        print(f"{options.certificate} written.")
    return ExitCode.PROBLEM if status["phase"] == "refused" or status.get("problem") else ExitCode.OK


def act(options: Options, backend: Backend) -> Json:
    """Order what was asked, wait for it, and return how far it is."""
    status = wait(backend)
    if options.proposes:
        status = propose(options, backend, status)
    if options.apply and status["phase"] != "refused":
        backend.order("apply")
    elif options.undo:
        backend.order("undo")
    elif options.cancel:
        backend.order("cancel")
    return wait(backend)


def propose(options: Options, backend: Backend, status: Json) -> Json:
    """Go on with the auto-labelling that was asked for before, or begin it."""
    request = {
        "max_error": options.max_error,
        "confidence": options.promised_confidence,
        "threshold": options.threshold,
    }
    if status.get("wish") != request or status["phase"] not in ("auditing", "ready"):
        backend.order("propose", **request)
    elif status["phase"] == "auditing":
        backend.order("judge")
    return wait(backend)


def wait(backend: Backend) -> Json:
    """Wait until nothing is being done, with a bar for what is written; says once what is missing."""
    changed, last, told = time.monotonic(), None, False
    with tqdm(unit="task", leave=False, delay=1, disable=not sys.stderr.isatty()) as bar:
        while (status := backend.status())["working"]:
            seen = (status["phase"], status.get("done"), status.get("total"))
            if seen != last:
                changed, last = time.monotonic(), seen
                bar.set_description(str(status["phase"]))
                bar.total, bar.n = status.get("total") or None, status.get("done") or 0
                bar.refresh()
            elif not told and time.monotonic() - changed > PATIENCE_SECONDS:
                told = True
                for problem in backend.problems():
                    print(f"waiting: {problem}", file=sys.stderr)
            time.sleep(POLL_SECONDS)
    return status


def lines(status: Json) -> list[str]:
    """What a person is told."""
    said = [str(status["message"])]
    if status["phase"] == "auditing":
        said.append(f"Audit: {status['audit']['answered']} of {status['audit']['size']} answered.")
    if status.get("problem"):
        said.append(f"Stopped at {status['done']} of {status['total']}: {status['problem']}")
        said.append("Mend it and run the same command again.")
    elif status["phase"] in SAYS:
        said.append(SAYS[status["phase"]])
    return said


def write_certificate(path: Path, certificate: Json) -> None:
    """Write a certificate as the file's name says."""
    text = page(certificate) if path.suffix == ".html" else json.dumps(certificate, ensure_ascii=False, indent=1)
    path.write_text(text)
