"""How much of a real project auto-labelling takes over: `python -m scripts.lab.trust.share FILE --labels 500`.

FILE is an `.npz` of `X` and `y`. Each seed shuffles it, labels it by the default strategy with a holdout of a tenth,
and proposes; every proposal is then audited by many draws, because one draw says little. Prints a line a seed, as JSON.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from backend import logs
from backend.settings import Settings
from model.arrays import FloatArray, IntArray
from model.autolabel.audit import draw_audit, judge
from model.autolabel.proposal import propose
from model.rank.registry import AUTO
from scripts.cli.commands import new_app, run, takes_options
from scripts.cli.options import existing_path
from scripts.lab.trust.autolabel import ALLOWED, predict
from scripts.lab.trust.labelling import label, unlabelled
from scripts.lab.trust.worlds import World, WorldImages, read

BATCH = 50
DRAWS = 200


@dataclass(frozen=True, kw_only=True)
class ShareOptions:
    """Of what project, and how often."""

    file: Annotated[Path, typer.Argument(metavar="FILE", callback=existing_path, help="An .npz of X and y.")]
    labels: Annotated[int, typer.Option(min=1, metavar="N", help="Labels before the audit.")] = 500
    seeds: Annotated[int, typer.Option(min=1, metavar="N", help="How many.")] = 5


@takes_options
def share(options: ShareOptions) -> None:
    """Say how much of a real project auto-labelling takes over: a line a seed, as JSON."""
    logs.configure(Settings(log_level="ERROR"))
    features, labels = read(options.file)
    for seed in range(options.seeds):
        print(json.dumps(measure(features, labels, options.labels, seed)), flush=True)


def measure(features: FloatArray, labels: IntArray, count: int, seed: int) -> dict[str, Any]:
    """Label `count` images of the shuffled file, propose, and audit the proposal many times over."""
    order = np.random.default_rng(seed).permutation(len(labels))
    images = WorldImages(features[order], labels[order])
    nothing = images.take(np.arange(0))
    world = World(tuple(f"class {number:03d}" for number in range(labels.max() + 1)), images, nothing, nothing)
    labelled = label(unlabelled(world, f"share/{seed}"), world, count, BATCH, strategy=AUTO)
    found: dict[str, Any] = {"seed": seed, "labels": count}
    predicted = predict(labelled)
    if predicted is None:
        return found | {"note": "no head"}
    proposal = propose(predicted.confidences, predicted.evidence, ALLOWED)
    if proposal.plan is None:
        return found | {"note": proposal.note}
    right = predicted.classes == images.labels[predicted.rows]
    audits = [draw_audit(proposal.rows, proposal.plan.sample_size, draw) for draw in range(DRAWS)]
    automatic = proposal.plan.size - proposal.plan.sample_size
    return found | {
        "classes_unseen": len(world.classes) - labelled.dataset.classes_seen,
        "audit": proposal.plan.sample_size,
        "share_of_rest": automatic / int(labelled.dataset.pool.sum()),
        "true_error": float((~right[proposal.rows]).mean()),
        "expected_error": proposal.expected_error,
        "passes": float(np.mean([judge(right[audit], proposal.plan, ALLOWED).holds for audit in audits])),
    }


if __name__ == "__main__":
    app = new_app("How much auto-labelling takes over.")
    app.command("share")(share)
    sys.exit(run(app, "python -m scripts.lab.trust.share"))
