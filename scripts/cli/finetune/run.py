"""What finetune does: order it of the backend, wait, and say how far it is."""

import sys
import time
from typing import Never

from tqdm import tqdm

from scripts.cli.backend_client import Backend, Json
from scripts.cli.commands import ExitCode
from scripts.cli.finetune.options import Options
from scripts.cli.finetune.recipe import recipe_of

POLL_SECONDS = 0.5
PATIENCE_SECONDS = 10.0
"""Without any progress for so long, it is asked what is missing."""

FAILED = ("refused", "failed")


def finetune(options: Options) -> int:
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


def act(options: Options, backend: Backend) -> Json:
    """Order what was asked, wait for it, and return how far it is."""
    network, training = recipe_of(options)
    if options.status:
        return backend.status()
    if options.undo:
        return backend.order("undo")
    if options.cancel:
        backend.order("cancel")
    else:
        ordered = backend.order("start", network=network, fresh=options.fresh, options=training)
        if not ordered["training_workers"]:
            print("No training worker is running; start one: python -m backend.trainer", file=sys.stderr)
    return wait(backend) if not options.no_wait else backend.status()


def wait(backend: Backend) -> Json:
    """Wait until it is over, with a bar for each part of it; says once what is missing."""
    changed, last, told = time.monotonic(), None, False
    with tqdm(leave=False, disable=not sys.stderr.isatty()) as bar:
        while (status := backend.status())["working"]:
            seen = (status["phase"], status["done"], len(status["history"]))
            if seen != last:
                changed, last = time.monotonic(), seen
                show(bar, status)
            elif not told and not status["training_workers"] and time.monotonic() - changed > PATIENCE_SECONDS:
                told = True
                for problem in backend.problems():
                    print(f"waiting: {problem}", file=sys.stderr)
            time.sleep(POLL_SECONDS)
    return status


def show(bar: "tqdm[Never]", status: Json) -> None:
    """Bring the bar up to date: images while they are fetched or embedded, epochs while it trains."""
    training = status["phase"] == "training"
    bar.set_description_str(str(status["phase"]), refresh=False)
    bar.unit = "epoch" if training else "image"
    bar.total = (status["epochs"] if training else status["total"]) or None
    bar.n = len(status["history"]) if training else status["done"]
    if training and status["history"]:
        last = status["history"][-1]
        bar.set_postfix_str(
            f"loss {last['train_loss']:.3f}, validation {last['validation_loss']:.3f}, "
            f"{last['validation_accuracy']:.1%} right, {status['seconds_left'] or 0:.0f} s left at most",
            refresh=False,
        )
    bar.refresh()


def lines(status: Json) -> list[str]:
    """What a person is told."""
    said = [str(status["message"])]
    if status["phase"] == "training":
        said.append(f"{len(status['history'])} of {status['epochs']} epochs.")
    if status["phase"] == "adopted":
        said.append("Go back with --undo.")
    return [*said, f"The project uses {status['used']}."]
