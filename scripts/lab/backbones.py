"""A backbone in the cache, exported once: kept there as a worker keeps it in MODEL_DIR."""

from dataclasses import dataclass
from pathlib import Path

from backend.store.backbones import BackboneStore
from model.backbone.backbone import Backbone, Origin
from model.errors import ModelError
from scripts.cli.commands import UsageError


class BackboneError(UsageError):
    """There is no such network, its weights can't be had or are another's, or its export differs from it."""


@dataclass(frozen=True)
class ExportedBackbone:
    """A backbone that images can be embedded by.

    Attributes:
        backbone: what it is.
        folder: of its export, for `model.backbone.embedder.OnnxEmbedder`.
    """

    backbone: Backbone
    folder: Path


def exported(origin: Origin, cache: Path) -> ExportedBackbone:
    """Export a backbone to the cache, which takes some seconds, unless it is there already.

    Args:
        origin: network, weights and resolution.
        cache: folder for what takes long to make.

    Raises:
        BackboneError: it can't be exported.
    """
    store = BackboneStore(cache, origin)
    try:
        if not store.base_is_current():
            from backend.backbones.export import export_base  # noqa: PLC0415 - loads torch, which takes seconds

            export_base(store)
        return ExportedBackbone(store.base, store.export(store.base.version))
    except ModelError as problem:
        raise BackboneError(" ".join(str(problem).split())) from problem
