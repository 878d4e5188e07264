"""How much of a real project auto-labelling takes over: `python -m scripts.lab.trust.share FILE --labels 500`.

FILE is an `.npz` of `X` and `y`. Each seed shuffles it, labels it by the default strategy with a holdout of a tenth,
and proposes; every proposal is then audited by many draws, because one draw says little. Prints a line a seed, as JSON.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from backend import logs
from backend.settings import Settings
from model.arrays import FloatArray, IntArray
from model.autolabel.audit import draw_audit, judge
from model.autolabel.proposal import propose
from model.rank.registry import AUTO
from scripts.lab.trust.autolabel import ALLOWED, predict
from scripts.lab.trust.errors import TrustError
from scripts.lab.trust.labelling import label, unlabelled
from scripts.lab.trust.worlds import Images, World, read

BATCH = 50
DRAWS = 200


def main() -> None:
    """Print a line a seed."""
    parser = argparse.ArgumentParser(prog="python -m scripts.lab.trust.share", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help=".npz of X and y")
    parser.add_argument("--labels", type=int, default=500, help="labels before the audit (500)")
    parser.add_argument("--seeds", type=int, default=5, help="how many (5)")
    given = parser.parse_args()
    logs.configure(Settings(log_level="ERROR"))
    try:
        features, labels = read(given.file)
    except TrustError as error:
        parser.error(str(error))
    for seed in range(given.seeds):
        print(json.dumps(measure(features, labels, given.labels, seed)), flush=True)


def measure(features: FloatArray, labels: IntArray, count: int, seed: int) -> dict[str, Any]:
    """Label `count` images of the shuffled file, propose, and audit the proposal many times over."""
    order = np.random.default_rng(seed).permutation(len(labels))
    images = Images(features[order], labels[order])
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
    main()
