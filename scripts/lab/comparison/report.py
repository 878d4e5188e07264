"""What the comparison showed, as JSON and CSV."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from io import StringIO
from typing import Any

from model.head.evaluation import Estimate
from model.training.history import Epoch
from scripts.lab.comparison.figures import TOPS, ModelFigures, PartFigures
from scripts.lab.comparison.results import JudgedModels

PARTS = ("train", "validation", "test")


def as_json(judged: JudgedModels) -> str:
    """`settings`, `models` with all figures, and `not_run`."""
    content = {
        "settings": judged.settings,
        "classes": judged.classes,
        "models": [_model(model) for model in judged.models],
        "not_run": [asdict(each) for each in judged.missing],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def as_csv(judged: JudgedModels) -> str:
    """A line a model; of one that was not run only the reason."""
    lines = [_flat(model) for model in judged.models]
    columns = ["model", *lines[0], "not_run"]
    rows = [{"model": model.outcome.model} | line for model, line in zip(judged.models, lines, strict=True)]
    rows += [{"model": each.model, "not_run": each.reason} for each in judged.missing]
    return _csv(columns, ([row.get(column, "") for column in columns] for row in rows))


def curves_csv(judged: JudgedModels) -> str:
    """A line for each epoch of each model."""
    names = [field.name for field in fields(Epoch)]
    return _csv(
        ["model", *names],
        (
            [model.outcome.model, *(getattr(epoch, name) for name in names)]
            for model in judged.models
            for epoch in model.outcome.history
        ),
    )


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _flat(model: ModelFigures) -> dict[str, Any]:
    """All single figures of a model by name; empty where there is none."""
    found: dict[str, Any] = {}
    for name in PARTS:
        part = model.parts[name]
        found |= {f"{name}_images": part.images, f"{name}_loss": part.loss, f"{name}_accuracy": part.accuracy.value}
        found |= {f"{name}_top{top}": _or_empty(part.tops[top]) for top in TOPS}
    outcome = model.outcome
    return found | {
        "calibration_error": _or_empty(model.before.ece),
        "calibration_error_calibrated": _or_empty(model.after.ece),
        "temperature": model.temperature,
        "parameters": outcome.parameters,
        "megabytes": outcome.megabytes,
        "seconds": outcome.seconds,
        "images_per_second": outcome.images_per_second,
        "epochs": len(outcome.history),
        "best_epoch": "" if outcome.best_epoch is None else outcome.best_epoch,
    }


def _or_empty(estimate: Estimate | None) -> float | str:
    return "" if estimate is None else estimate.value


def _model(model: ModelFigures) -> dict[str, Any]:
    outcome = model.outcome
    return {
        "model": outcome.model,
        "settings": outcome.settings,
        "parameters": outcome.parameters,
        "megabytes": outcome.megabytes,
        "seconds": outcome.seconds,
        "images_per_second": outcome.images_per_second,
        "device": outcome.device,
        "best_epoch": outcome.best_epoch,
        "history": [asdict(epoch) for epoch in outcome.history],
        "parts": {name: _part(part) for name, part in model.parts.items()},
        "temperature": model.temperature,
        "uncalibrated": model.before.to_json(),
        "calibrated": model.after.to_json(),
        "confusion": model.confusion.tolist(),
        "mistakes": model.confused(len(model.targets)),
    }


def _part(part: PartFigures) -> dict[str, Any]:
    tops = {f"top{top}": None if found is None else asdict(found) for top, found in part.tops.items()}
    return {"images": part.images, "loss": part.loss, **tops}
