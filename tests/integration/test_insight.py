"""A version's second stage on the real stack: the head that is served, and figures that say what they rest on."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend.services import Services
from backend.settings import Settings
from backend.store.versions import Version
from model import holdout
from model.head.head import Head
from tests.conftest import SHARED_SETTINGS
from tests.support.label_studio import RunningLabelStudio
from tests.support.project import LabelledProject
from tests.support.stack import RunningStack, start_stack
from tests.support.waiting import until

PER_CLASS, LABELS = 15, 24
# All tasks are the holdout's, so that a few labels are enough for figures. MLflow is away: nothing else is to notice.
SETTINGS = {
    **SHARED_SETTINGS, "HOLDOUT_SHARE": "1", "TRACKING": "true", "MLFLOW_TRACKING_URI": "http://127.0.0.1:1"
}  # fmt: skip


@dataclass(frozen=True)
class Finished:
    """A project that was labelled, and nobody is at work any more."""

    stack: RunningStack
    project: LabelledProject
    services: Services

    @property
    def version(self) -> Version:
        """The active version, read from its files."""
        return self.services.versions.load(self.services.project(self.project.id), self.project.active_version())

    @property
    def unlabelled(self) -> list[int]:
        return self.in_holdout_order[LABELS:]

    @property
    def in_holdout_order(self) -> list[int]:
        key = self.services.project(self.project.id).key
        return sorted(self.project.tasks, key=lambda task: holdout.hash_position(key, task))

    def insight(self) -> dict[str, Any]:
        told: dict[str, Any] = self.stack.call("GET", f"/api/projects/{self.project.id}/insight").json()
        return told

    def confidences(self, head: Head | None) -> dict[int, float]:
        """What a head says of unlabelled tasks, computed here."""
        assert head is not None
        services = self.services
        tasks = services.mirror.tasks(services.project(self.project.id), self.unlabelled)
        features = services.features.of_tasks(services.backbones.base, tasks)
        return {task: float(head.probabilities(feature[None]).max()) for task, feature in features.items()}


@pytest.fixture(scope="module")
def finished(
    label_studio: RunningLabelStudio, backbones: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Finished]:
    stack = start_stack(label_studio, backbones, tmp_path_factory.mktemp("insight"), more=SETTINGS)
    project = label_studio.make_project(per_class=PER_CLASS)
    settings = Settings(label_studio_url=label_studio.url, model_dir=stack.server.folder, database_url="")
    made = Finished(stack, project, Services(settings))
    labels = [project.submit(task) for task in made.in_holdout_order[:LABELS]]
    project.attach(stack)
    name = project.wait_for_version(stack, labels)
    until(lambda: made.insight()["version"] == name, "the second stage", more=stack.log_tail)
    yield made
    stack.stop()


def test_the_figures_rest_on_the_holdouts_labels(finished: Finished) -> None:
    told = finished.insight()
    accuracy = told["accuracy"]["accuracy"]
    assert (told["labels"], told["arm_labels"], told["accuracy"]["n"]) == (LABELS, LABELS, LABELS)
    assert 0 <= accuracy["low"] <= accuracy["value"] <= accuracy["high"] <= 1
    assert told["note"] == ""


def test_a_trained_version_waits_for_an_mlflow_that_is_away(finished: Finished) -> None:
    assert finished.stack.tracked().count(finished.project.active_version()) == 1


def test_the_pace_is_what_label_studio_timed(finished: Finished) -> None:
    advice = finished.insight()["stop_adviser"]
    assert (advice["seconds_per_label"], advice["timed_annotations"]) == (1.0, LABELS)


def test_the_history_tells_what_each_version_was_measured_at(finished: Finished) -> None:
    *_, newest = finished.insight()["history"]
    assert (newest["version"], newest["labels"], newest["active"]) == (finished.version.name, LABELS, True)
    assert newest["accuracy"]["low"] <= newest["accuracy"]["high"]
    assert newest["kept_back"] is None


def test_label_studio_comes_to_hold_the_served_heads_confidences_once(finished: Finished) -> None:
    wanted = finished.confidences(finished.version.served)

    def held() -> dict[int, float]:
        found = [each for each in finished.project.all_predictions() if each["task"] in wanted]
        return {int(each["task"]): float(each["result"][0]["score"]) for each in found if each["result"]}

    def refreshed() -> bool:
        seen = held()
        return seen.keys() == wanted.keys() and np.allclose(
            [seen[it] for it in wanted], list(wanted.values()), atol=1e-4
        )

    until(refreshed, f"the served head's predictions, {wanted}; last seen {held()}", more=finished.stack.log_tail)
    counted = Counter((each["task"], each["model_version"]) for each in finished.project.all_predictions())
    assert set(counted.values()) == {1}


def test_predict_answers_with_the_served_head(finished: Finished) -> None:
    wanted = finished.confidences(finished.version.served)
    tasks = [finished.project.api.get_object(f"/api/tasks/{task}") for task in finished.unlabelled]
    body = {"tasks": tasks, "project": str(finished.project.id)}
    results = finished.stack.call("POST", "/predict", json=body).json()["results"]
    told = [result["result"][0]["score"] for result in results]
    np.testing.assert_allclose(told, [wanted[task] for task in finished.unlabelled], atol=1e-4)
