"""Fine-tunings for MLflow: each that trained at all is a run there."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from backend import __version__, logs
from backend.project import Project
from backend.store.backbones import BackboneStore
from backend.store.mirror import Mirror
from backend.store.records.finetuning import FinetunePhase, Finetuning
from backend.tracking.outbox import Outbox, Tracked, experiment
from model.insight.results import PromotionVerdict
from model.training.history import best_of

CURVES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "rate", "seconds")
ENDS: dict[FinetunePhase, Literal["FAILED", "KILLED"]] = {
    FinetunePhase.CANCELLED: "KILLED",
    FinetunePhase.FAILED: "FAILED",
    FinetunePhase.REFUSED: "FAILED",
}

log = logs.get()


def note(outbox: Outbox, mirror: Mirror, backbones: BackboneStore, project: Project, state: Finetuning) -> None:
    """Have a fine-tuning tracked that is judged, or at its end. Never raises.

    Args:
        outbox: for the item.
        mirror: knows the project's title.
        backbones: have the network that came of it.
        project: of Label Studio.
        state: the fine-tuning.
    """
    if not state.history:
        return
    try:
        mirrored = mirror.project(project)
        title = mirrored.title if mirrored is not None else ""
        network = backbones.network(state.backbone) if state.backbone else None
        outbox.note(_tracked(project, title, state, network))
    except Exception as error:
        log.warning("not tracked", name=state.name, reason=repr(error))


def _tracked(project: Project, title: str, state: Finetuning, network: Path | None) -> Tracked:
    best = best_of(state.history)
    return Tracked(
        experiment=experiment(project, title),
        name=state.name,
        kind="fine-tune",
        started=datetime.fromisoformat(state.started_at),
        ended=datetime.now(UTC),
        settings={
            "network": state.network,
            "warm_from": state.warm_from,
            "trigger": state.request.trigger,
            "epochs": state.epochs,
            **state.request.options,
        },
        metrics={
            "labels": state.labels,
            "images/train": state.images[0],
            "images/validation": state.images[1],
            **{name: getattr(best, name) for name in CURVES if name.startswith("validation")},
            **_judged(state.verdict),
        },
        curves={name: [(epoch.number, getattr(epoch, name)) for epoch in state.history] for name in CURVES},
        tags={
            "version": state.backbone,
            "project": str(project.id),
            "label_studio": project.url,
            "code": __version__,
            "phase": state.phase,
        },
        artefacts=[] if network is None else [network],
        end=ENDS.get(state.phase, "FINISHED"),
    )


def _judged(verdict: PromotionVerdict | None) -> dict[str, float]:
    if verdict is None:
        return {}
    return {f"judged/{name}": getattr(verdict, name) for name in ("n", "won", "lost", "p")}
