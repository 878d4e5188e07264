"""Near-duplicates among images: a model that was trained on one of them would know the other by heart."""

from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

import numpy as np

from model.arrays import IntArray
from model.backbone.backbone import Origin, backbone
from model.backbone.embedder import OnnxEmbedder
from model.files import whole_file
from model.geometry import points
from model.training.duplicates import near_duplicate_groups
from scripts.lab.backbones import exported
from scripts.lab.comparison.frozen import embed
from scripts.lab.comparison.images import LabelledImages, Library

BACKBONE = "efficientnet-lite0"
"""Whose features tell which images look alike, whatever is compared: its weights are always there."""
NEAR_DUPLICATE = 0.98
"""Likeness above which two images are near-duplicates, as the setting of the loop has it."""


def grouped(library: Library, side: int) -> LabelledImages:
    """The images of a library at a side, with the groups that a split must not part.

    Raises:
        ComparisonError: fewer than two classes have an image that can be read.
        DataError: the data can't be used.
        BackboneError: the backbone that tells them can't be exported.
    """
    return with_groups(library.at(side), found_groups(library))


def found_groups(library: Library) -> Path:
    """The file of a library's groups, for `with_groups`.

    They are found once for the same images, at one side: every network is to have the same split.

    Raises:
        ComparisonError: fewer than two classes have an image that can be read.
        DataError: the data can't be used.
        BackboneError: the backbone that tells them can't be exported.
    """
    known = backbone(BACKBONE)
    looked_at = library.at(known.input_size)
    kept = library.cache / "groups" / f"{looked_at.fingerprint}-{known.version}.npy"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(kept) as unfinished, unfinished.open("wb") as file:
            np.save(file, _groups(looked_at, exported(Origin(BACKBONE), library.cache).folder))
    return kept


def with_groups(data: LabelledImages, groups_file: Path) -> LabelledImages:
    """The images with their groups, which tell them from the same images parted otherwise."""
    groups = np.load(groups_file)
    fingerprint = blake2b(data.fingerprint.encode() + groups.tobytes(), digest_size=12).hexdigest()
    return replace(data, groups=groups, fingerprint=fingerprint)


def _groups(data: LabelledImages, place: Path) -> IntArray:
    features = embed(OnnxEmbedder(place), data.images, "near-duplicates")
    return near_duplicate_groups(points(features, seed=0), NEAR_DUPLICATE)
