"""Fit a head on the stored features of the labelled tasks."""

from backend.store.dataset import Dataset
from model.head.fitting import fit
from model.head.head import FeatureTransform, Head


def run(dataset: Dataset) -> Head | None:
    """Train on all labels, those of the holdout included; None before two classes have a label."""
    if dataset.classes_seen < 2:
        return None
    features, targets = dataset.features[dataset.labelled], dataset.targets[dataset.labelled]
    transform = FeatureTransform.of(dataset.features)
    return fit(features, targets, dataset.classes, transform)
