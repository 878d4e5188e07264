"""The backbone that images are embedded by, in the cache as a worker keeps it in MODEL_DIR."""

from pathlib import Path

from backend.store.backbones import BackboneStore
from model.backbone.backbone import Backbone, Origin
from model.errors import ModelError
from scripts.lab.simulation.errors import SimulationError


def exported(origin: Origin, cache: Path) -> Backbone:
    """A backbone, exported to the cache where it is not there yet, which takes some seconds.

    Raises:
        SimulationError: no such network, weights that can't be had or are another's, or an export that differs.
    """
    store = BackboneStore(cache, origin)
    try:
        if not store.base_is_current():
            from backend.backbones.export import export_base  # noqa: PLC0415 - loads torch, which takes seconds

            export_base(store)
        return store.base
    except ModelError as problem:
        raise SimulationError(" ".join(str(problem).split())) from problem
