"""What the loop's fine-tuning makes of some hundred labels: its head on the new backbone beside the pretrained one.

python -m scripts.lab.benchmarks.few_labels PATH CACHE SEED
"""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from backend.finetune import train as finetune
from model.backbone.backbone import Origin
from model.head.fitting import fit
from model.head.head import FeatureTransform
from model.networks.network import Network
from model.networks.registry import build
from model.training.fit import train
from model.training.predict import features
from scripts.lab.benchmarks.drawing import DrawnPhotos, PhotoSample, draw, in_processes, photographs
from scripts.lab.benchmarks.figures import Figure, Measured, median
from scripts.lab.simulation.estimates import mean_interval

NETWORK, SIDE = "efficientnet-lite0", 128
SAMPLE = PhotoSample(classes=10, images=100, fractions=(0.16, 0.04, 0.8))
"""200 labels, as the loop parts them."""


def run(path: Path, cache: Path, runs: int = 5) -> Measured:
    """Measure on another draw of classes and images each time, in a fresh process.

    Args:
        path: photographs, a folder per class or a tar of one.
        cache: folder for decoded images.
        runs: at least 1.

    Raises:
        BenchmarkError: the data can't be used, or the process failed.
    """
    return outcome(in_processes("scripts.lab.benchmarks.few_labels", path, cache, SIDE, runs))


def outcome(measured: Sequence[dict[str, Any]]) -> Measured:
    """The figures of all runs.

    Args:
        measured: what `measure` gave in each, at least one.
    """
    gained = mean_interval([100 * (each["finetuned"] - each["pretrained"]) for each in measured])
    return Measured(
        figures=[
            Figure("fine-tuned on few labels, gained", gained.value, "points", 0.0, at_least=True),
            Figure("fine-tuned on few labels, gained, lower end of the 95 % interval", gained.low, "points"),
            *(
                Figure(f"{way} backbone, accuracy of the head", 100 * mean([each[way] for each in measured]), "%")
                for way in ("pretrained", "finetuned")
            ),
            Figure("fine-tuned on few labels, time", median([each["seconds"] for each in measured]), "s"),
        ],
        details={"gained_points": asdict(gained), "runs": list(measured)},
    )


def measure(drawn: DrawnPhotos, seed: int) -> dict[str, Any]:
    """Train as the job does, and judge as the loop uses it: by the head that all labels make on either body.

    Returns:
        Accuracy on the test images with the `pretrained` and with the `finetuned` body; of the training its `seconds`
        and the number of its `epochs`.
    """
    options = replace(finetune.recipe(Origin(NETWORK), {}, seed).options, resolution=SIDE)
    network = build(NETWORK, drawn.classes, input_size=SIDE, seed=seed)
    pretrained = _accuracy(network, drawn)
    started = time.perf_counter()
    trained = train(network, drawn.images, drawn.labels, drawn.split, options)
    seconds = time.perf_counter() - started
    return {
        "pretrained": pretrained,
        "finetuned": _accuracy(trained.network, drawn),
        "seconds": seconds,
        "epochs": len(trained.history),
    }


def _accuracy(network: Network, drawn: DrawnPhotos) -> float:
    """Of the loop's head on the network's body, fitted on all labels, in [0, 1]."""
    found, test = features(network, drawn.images), drawn.split.test
    labelled = np.concatenate([drawn.split.train, drawn.split.validation])
    head = fit(found[labelled], drawn.labels[labelled], drawn.classes, FeatureTransform.of(found))
    return float((head.logits(found[test]).argmax(axis=1) == drawn.labels[test]).mean())


def main(path: str, cache: str, seed: str) -> None:
    """Measure once, in this process; what there is to say is JSON."""
    drawn = draw(photographs(Path(path), Path(cache), SIDE), SAMPLE, int(seed))
    print(json.dumps(measure(drawn, int(seed))))


if __name__ == "__main__":
    main(*sys.argv[1:])
