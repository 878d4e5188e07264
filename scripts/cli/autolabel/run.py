"""What autolabel does: ask the backend for it, wait, and say where it stands."""

import json
import sys
from pathlib import Path

from scripts.cli.autolabel.options import AutolabelOptions
from scripts.cli.autolabel.page import page
from scripts.cli.backend_client import Backend, Json
from scripts.cli.commands import ExitCode
from scripts.cli.waiting import Step, wait

SAYS = {
    "auditing": "Have people label on; then run the same command again.",
    "ready": "Write the annotations with --apply, or give it up with --cancel.",
    "applied": "Take them back with --undo.",
}


def autolabel(options: AutolabelOptions) -> int:
    """Do what was asked; 1 where it was refused or stopped.

    Raises:
        BackendError: the backend refuses, or does not answer.
    """
    backend = Backend.of_settings(options.backend, options.project, "autolabel")
    try:
        status = act(options, backend)
    except KeyboardInterrupt:
        print("The backend goes on without this command. Run it again to see how far it is.", file=sys.stderr)
        return ExitCode.INTERRUPTED
    print("\n".join(lines(status)))
    if options.certificate is not None:
        write_certificate(options.certificate, backend.certificate())
        print(f"{options.certificate} written.")
    return ExitCode.PROBLEM if status["phase"] == "refused" or status.get("problem") else ExitCode.OK


def act(options: AutolabelOptions, backend: Backend) -> Json:
    """Request what was asked for, wait for it, and return how far it is."""
    status = wait(backend, step)
    if options.proposes:
        status = propose(options, backend, status)
    if options.apply and status["phase"] != "refused":
        backend.request("apply")
    elif options.undo:
        backend.request("undo")
    elif options.cancel:
        backend.request("cancel")
    return wait(backend, step)


def propose(options: AutolabelOptions, backend: Backend, status: Json) -> Json:
    """Go on with the auto-labelling that was asked for before, or begin it."""
    request = {
        "max_error": options.max_error,
        "confidence": options.promised_confidence,
        "threshold": options.threshold,
    }
    if status.get("wish") != request or status["phase"] not in ("auditing", "ready"):
        backend.request("propose", **request)
    elif status["phase"] == "auditing":
        backend.request("judge")
    return wait(backend, step)


def step(status: Json) -> Step:
    """How far it is: the tasks that are written or taken back."""
    return Step(str(status["phase"]), status.get("done") or 0, status.get("total") or None)


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
