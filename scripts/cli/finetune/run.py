"""What finetune does: ask the backend for it, wait, and say how far it is."""

import sys

from scripts.cli.backend_client import Backend, Json
from scripts.cli.commands import ExitCode
from scripts.cli.finetune.options import FinetuneOptions
from scripts.cli.finetune.recipe import recipe_of
from scripts.cli.waiting import Step, wait

FAILED = ("refused", "failed")


def finetune(options: FinetuneOptions) -> int:
    """Do what was asked; 1 where it was refused or failed.

    Raises:
        BackendError: the backend refuses, or does not answer.
        UsageError: settings of the training that can't be.
    """
    backend = Backend.of_settings(options.backend, options.project, "finetune")
    try:
        status = act(options, backend)
    except KeyboardInterrupt:
        print("The fine-tuning goes on without this command. End it with --cancel.", file=sys.stderr)
        return ExitCode.INTERRUPTED
    print("\n".join(lines(status)))
    return ExitCode.PROBLEM if status["phase"] in FAILED else ExitCode.OK


def act(options: FinetuneOptions, backend: Backend) -> Json:
    """Request what was asked for, wait for it, and return how far it is."""
    network, training = recipe_of(options)
    if options.status:
        return backend.status()
    if options.undo:
        return backend.request("undo")
    if options.cancel:
        backend.request("cancel")
    else:
        accepted = backend.request("start", network=network, fresh=options.fresh, options=training)
        if not accepted["training_workers"]:
            print("No training worker is running; start one: python -m backend.trainer", file=sys.stderr)
    if options.no_wait:
        return backend.status()
    return wait(backend, step, is_stuck=lambda status: not status["training_workers"])


def step(status: Json) -> Step:
    """How far it is: images while they are fetched or embedded, epochs while it trains."""
    phase = str(status["phase"])
    if phase != "training":
        return Step(f"{phase}, images", status["done"], status["total"] or None)
    return Step(f"{phase}, epochs", len(status["history"]), status["epochs"] or None, _figures(status))


def _figures(status: Json) -> str:
    """Those of the last epoch; empty before it."""
    if not status["history"]:
        return ""
    last = status["history"][-1]
    return (
        f"loss {last['train_loss']:.3f}, validation {last['validation_loss']:.3f}, "
        f"{last['validation_accuracy']:.1%} right, {status['seconds_left'] or 0:.0f} s left at most"
    )


def lines(status: Json) -> list[str]:
    """What a person is told."""
    said = [str(status["message"])]
    if status["phase"] == "training":
        said.append(f"{len(status['history'])} of {status['epochs']} epochs.")
    if status["phase"] == "adopted":
        said.append("Go back with --undo.")
    return [*said, f"The project uses {status['used']}."]
