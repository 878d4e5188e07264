"""Optuna's charts of a study, as PNG."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from optuna.exceptions import ExperimentalWarning
from optuna.study import Study
from optuna.trial import TrialState
from optuna.visualization import matplotlib as charts

from scripts.lab.charts import DPI

TARGET = "validation loss"
IN_A_ROW = 3
"""Dimensions side by side in a slice plot: more are too small to read."""


def history(study: Study) -> bytes:
    """Each trial's validation loss, and the least so far."""
    return _png(lambda: charts.plot_optimization_history(study, target_name=TARGET), (9.4, 4.3))


def intermediate(study: Study) -> bytes:
    """Each trial's validation loss, epoch by epoch."""

    def draw() -> Axes:
        axes = charts.plot_intermediate_values(study)
        axes.set(title="", xlabel="epoch", ylabel=TARGET)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        # Thirty names of trials take more room than their curves.
        if legend := axes.get_legend():
            legend.remove()
        return axes

    return _png(draw, (9.4, 4.3))


def importances(study: Study) -> bytes | None:
    """How much each dimension has to do with the loss; None where too few trials tell."""
    if len(_whole(study)) < 2:
        return None
    return _png(lambda: charts.plot_param_importances(study, target_name=TARGET), (9.4, 4.3))


def slices(study: Study) -> list[bytes]:
    """Validation loss by each dimension, some dimensions in a picture."""
    names = sorted({name for trial in _whole(study) for name in trial})
    parts = [names[start : start + IN_A_ROW] for start in range(0, len(names), IN_A_ROW)]
    return [_slice(study, part) for part in parts]


def _slice(study: Study, names: Sequence[str]) -> bytes:
    return _png(lambda: charts.plot_slice(study, params=list(names), target_name=TARGET), (3.4 * len(names), 3.4))


def _whole(study: Study) -> list[dict[str, Any]]:
    """Settings of the trials that came to their end."""
    return [trial.params for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))]


def _png(draw: Callable[[], Any], size: tuple[float, float]) -> bytes:
    """What Optuna draws, at our size.

    Args:
        draw: returns axes, or an array of them.
        size: width and height in inches.
    """
    with _apart():
        axes = np.ravel(draw())[0]
        figure = axes.figure
        figure.set_size_inches(size)
        buffer = BytesIO()
        figure.savefig(buffer, format="png", dpi=DPI, bbox_inches="tight")
    return buffer.getvalue()


@contextmanager
def _apart() -> Iterator[None]:
    """Optuna draws on pyplot's figures and sets its style for good: neither is to outlive the block."""
    with mpl.rc_context({"figure.max_open_warning": 0}), warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        warnings.simplefilter("ignore", UserWarning)
        pyplot.switch_backend("agg")
        try:
            yield
        finally:
            pyplot.close("all")
