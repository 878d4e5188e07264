"""A re-rank of many stored features: read them and their points, rank, order the queue; in a process of its own.

python -m scripts.lab.benchmarks.rerank FOLDER
"""

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from backend.loop import rank
from backend.project import Project
from backend.settings import Settings
from backend.store import features as feature_store
from backend.store.features import FeatureStore, content_hash
from backend.store.geometry import GeometryStore
from model.backbone.backbone import REGISTRY
from model.head.fitting import fit
from model.head.head import FeatureTransform, Head
from scripts.cli.progress import tracked
from scripts.lab.benchmarks import memory
from scripts.lab.benchmarks.errors import BenchmarkError
from scripts.lab.benchmarks.figures import Figure, Measured, median
from scripts.lab.benchmarks.samples import dataset, drawn
from scripts.stack.backend import CHECKOUT

MOST_SECONDS, MOST_MB = 3.0, 2_000.0
MOST_RANKING_SECONDS = {10_000: 1.0, 100_000: 1.5}
PROJECT = Project("http://localhost:8080", 1)
BACKBONE = REGISTRY["efficientnet-lite0"]
CLASSES = 101
LABELLED_SHARE = 0.05
ADDED_AT_ONCE = 5_000
FITTED_ON = 2_000
COUNT_FILE = "count.json"


def run(folder: Path, count: int = 100_000, rounds: int = 5) -> Measured:
    """Re-rank in a fresh process each time; the figures are the medians.

    Args:
        folder: for the features; what an earlier run stored there is used again.
        count: how many features, at least 1,000.
        rounds: at least 1.

    Raises:
        BenchmarkError: the process failed.
    """
    _store(folder, count)
    measured = [_in_a_process(folder) for _ in tracked(range(rounds), "re-ranking", kept=False)]
    seconds = [each["read_seconds"] + each["place_seconds"] + each["rank_seconds"] for each in measured]
    return Measured(
        figures=[
            Figure(f"re-rank of {count:,}", median(seconds), "s", MOST_SECONDS),
            Figure(f"re-rank of {count:,}, of which reading", median([each["read_seconds"] for each in measured]), "s"),
            Figure(f"re-rank of {count:,}, of which points", median([each["place_seconds"] for each in measured]), "s"),
            Figure(
                f"re-rank of {count:,}, of which ranking",
                median([each["rank_seconds"] for each in measured]),
                "s",
                MOST_RANKING_SECONDS.get(count),
            ),
            Figure(f"re-rank of {count:,}, peak memory", max(each["peak_mb"] for each in measured), "MB", MOST_MB),
        ],
        details={"runs": measured},
    )


def measure(folder: Path) -> dict[str, float]:
    """Re-rank once, in this process: seconds to read the features and their points, to rank, and the peak memory."""
    count = _count(folder)
    labels = np.random.default_rng(0).integers(0, CLASSES, count)
    with safe_open(folder / "head.safetensors", framework="numpy") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
        head = Head.from_tensors(tensors, file.metadata() or {})
    hashes = [_hash(number) for number in range(count)]
    # As the worker does before it forks.
    feature_store.load_library()
    started = time.perf_counter()
    features, missing = FeatureStore(folder / "features").get(BACKBONE, hashes)
    read = time.perf_counter()
    data = dataset(features, labels, head.classes, int(count * LABELLED_SHARE))
    placing = time.perf_counter()
    data = replace(data, points=_geometry(folder).points(PROJECT, data.task_ids, features, Settings().seed))
    prepared = time.perf_counter()
    queue, strategy = rank.run(data, head, Settings())
    ranked = time.perf_counter()
    if missing or strategy != "uncertainty_herding":
        raise BenchmarkError(f"{len(missing)} features are missing, or the strategy is {strategy}: delete {folder}.")
    return {
        "read_seconds": read - started,
        "place_seconds": prepared - placing,
        "rank_seconds": ranked - prepared,
        "peak_mb": memory.of_process().peak,
        "queue": float(len(queue.task_ids)),
    }


def _store(folder: Path, count: int) -> None:
    if _count(folder) == count:
        return
    folder.mkdir(parents=True, exist_ok=True)
    features, labels = drawn(count, CLASSES)
    store = FeatureStore(folder / "features")
    for start in tracked(range(0, count, ADDED_AT_ONCE), "storing features", kept=False):
        numbers = range(start, min(start + ADDED_AT_ONCE, count))
        store.add(BACKBONE, {_hash(number): features[number] for number in numbers})
    names = [f"class {number:03d}" for number in range(CLASSES)]
    head = fit(features[:FITTED_ON], labels[:FITTED_ON], names, FeatureTransform.of(features[:FITTED_ON]))
    _geometry(folder).points(PROJECT, np.arange(1, count + 1), features, Settings().seed)
    tensors, metadata = head.to_tensors()
    save_file(tensors, folder / "head.safetensors", metadata=metadata)
    # Written last: a folder without it is not whole.
    (folder / COUNT_FILE).write_text(json.dumps(count))


def _geometry(folder: Path) -> GeometryStore:
    return GeometryStore(folder / "geometry")


def _count(folder: Path) -> int:
    file = folder / COUNT_FILE
    return int(json.loads(file.read_text())) if file.exists() else 0


def _hash(number: int) -> str:
    return content_hash(str(number).encode())


def _in_a_process(folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "scripts.lab.benchmarks.rerank", str(folder)]
    ended = subprocess.run(command, check=False, cwd=CHECKOUT, capture_output=True, text=True)
    if ended.returncode:
        raise BenchmarkError(f"The re-rank failed: {ended.stderr.strip()[-500:]}")
    measured: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return measured


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))
