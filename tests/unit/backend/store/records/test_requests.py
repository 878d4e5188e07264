"""Records of auto-labellings and fine-tunings: written as they always were, read whoever wrote them."""

import json
from typing import Any

from backend.store.records.autolabeling import (
    AuditedTask,
    AutolabelAction,
    AutolabelCommand,
    Autolabeling,
    AutolabelPhase,
    AutolabelRequest,
)
from backend.store.records.finetuning import FinetunePhase, FinetuneRequest, Finetuning

AUTOLABELING: dict[str, Any] = {
    "name": "20260101-000000-000-aa",
    "phase": "auditing",
    "wish": {"max_error": 0.02, "confidence": 0.95, "threshold": None},
    "message": "Said.",
    "version": "20260101-000000-000",
    "backbone": "b1",
    "classes": ["cat", "dög"],
    "label_config": "0" * 64,
    "attempt": 1,
    "threshold": 0.9,
    "size": 4,
    "sample_size": 1,
    "allowed_errors": 0,
    "seed": 7,
    "audit": [{"task": 2, "drawn_at": "2026-01-01T00:00:00+00:00"}],
    "left_out": [3],
    "done": 0,
    "total": 0,
    "problem": "",
}
EPOCH: dict[str, Any] = {
    "number": 1,
    "phase": "head",
    "train_loss": 0.7,
    "train_accuracy": 0.5,
    "validation_loss": 0.5,
    "validation_accuracy": 0.75,
    "rate": 0.01,
    "batch_size": 32,
    "seconds": 2.5,
}
FINETUNING: dict[str, Any] = {
    "name": "20260101-000000-000-bb",
    "phase": "kept_back",
    "wish": {"network": "resnet50", "fresh": True, "options": {"epochs": 3}, "trigger": "hand"},
    "base": "b1",
    "message": "",
    "labels": 200,
    "network": "resnet50",
    "warm_from": "",
    "images": [150, 20],
    "epochs": 3,
    "history": [EPOCH],
    "seconds_left": 1.5,
    "backbone": "b2",
    "verdict": {"blocked": True, "p": 1.0, "n": 30, "lost": 2, "won": 2, "text": "no better"},
    "done": 0,
    "total": 0,
    "started_at": "2026-01-01T00:00:00+00:00",
    "ended_at": "",
}


def test_an_auto_labelling_is_written_with_the_keys_that_it_was_read_with() -> None:
    state = Autolabeling.from_json(AUTOLABELING)
    assert (state.phase, state.request) == (AutolabelPhase.AUDITING, AutolabelRequest(0.02, 0.95))
    assert state.audit == (AuditedTask(2, "2026-01-01T00:00:00+00:00"),)
    assert json.dumps(state.to_json()) == json.dumps(AUTOLABELING)


def test_a_command_is_written_with_the_keys_that_it_was_read_with() -> None:
    record = {"name": "a", "action": "propose", "wish": {"max_error": None, "confidence": None, "threshold": 0.9}}
    command = AutolabelCommand.from_json(record)
    assert command == AutolabelCommand("a", AutolabelAction.PROPOSE, AutolabelRequest(threshold=0.9))
    assert json.dumps(command.to_json()) == json.dumps(record)


def test_a_fine_tuning_is_written_with_the_keys_that_it_was_read_with() -> None:
    state = Finetuning.from_json(FINETUNING)
    assert (state.phase, state.request.options) == (FinetunePhase.REJECTED, {"epochs": 3})
    assert state.verdict is not None and state.verdict.blocked
    assert json.dumps(state.to_json()) == json.dumps(FINETUNING)


def test_a_request_without_options_asks_for_the_defaults() -> None:
    assert Finetuning.from_json({**FINETUNING, "wish": {}}).request == FinetuneRequest()
