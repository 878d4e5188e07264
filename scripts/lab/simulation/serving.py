"""The head that the loop serves, whose probabilities people see: what a simulation measures."""

from backend.loop import distil, evaluate
from backend.store.dataset import Dataset
from model.arrays import IntArray
from model.head.head import Head


def serve(dataset: Dataset, quick: Head, nearest: IntArray, seed: int) -> Head:
    """The served head of a version: its second stage.

    Args:
        dataset: of the version.
        quick: the head that the version ranks by.
        nearest: (n, c) of `model.graph.neighbours`, of the dataset's images.
        seed: of the settings.
    """
    return evaluate.judge(dataset, *distil.run(dataset, quick, nearest, seed)).head
