"""What is tracked of a version: every head that was trained, once, with what it was made with and came to."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from backend.label_studio.client import ProjectState
from backend.loop.changes import Changes
from backend.loop.stopwatch import Stopwatch
from backend.loop.version import make_version, recorded_settings
from backend.project import Project
from backend.services import Services
from backend.settings import Settings
from backend.store.dataset import Dataset
from backend.store.versions import Version
from backend.tracking import heads
from backend.tracking.outbox import Tracked
from model.insight.results import PromotionVerdict
from tests.support.logs import logged_here
from tests.unit.backend.drawn import BACKBONE, CLASSES, drawn

PROJECT = Project("http://label-studio.example", 3)
STATE = ProjectState("Birds", "", "", "", tasks=60, annotations=0, skipped=0)
LABELS, HOLDOUT = 40, 30

Make = Callable[..., Version]


@pytest.fixture
def services(tmp_path: Path) -> Services:
    made = Services(Settings(model_dir=tmp_path))
    made.migrate()
    made.mirror.record_state(PROJECT, STATE, None)
    return made


@pytest.fixture
def make(services: Services) -> Make:
    """`make(data, active)`: the next version of the data, saved and noted as a run does."""

    def made(data: Dataset, active: Version | None = None) -> Version:
        settings = services.settings
        changes = Changes.since(active, data, recorded_settings(settings, data), None)
        version = make_version(data, active, settings, Stopwatch(lambda: None), fresh=changes.call_for_head())
        services.versions.save(PROJECT, version)
        note(services, version)
        return version

    return made


def note(services: Services, version: Version) -> None:
    heads.note(services.outbox, PROJECT, "Birds", version, services.versions.head_file(PROJECT, version.name))


def noted(services: Services) -> list[Tracked]:
    return [services.outbox.read(item) for item in services.outbox.waiting()]


def test_a_trained_head_is_tracked_under_its_versions_name(make: Make, services: Services) -> None:
    version = make(drawn(60, LABELS, HOLDOUT))
    [fit] = noted(services)
    assert (fit.experiment, fit.name, fit.kind) == (f"Birds ({PROJECT.key})", version.name, "head")
    assert fit.tags["version"] == version.name
    assert fit.tags["kept_back"] == "no"
    assert fit.settings["backbone"] == BACKBONE
    assert fit.settings["classes"] == len(CLASSES)
    assert fit.started < fit.ended


def test_its_metrics_are_what_the_version_was_judged_at(make: Make, services: Services) -> None:
    version = make(drawn(60, LABELS, HOLDOUT))
    [fit] = noted(services)
    judged = version.record.evaluation
    assert judged is not None and judged.accuracy is not None and judged.ece is not None
    assert (fit.metrics["labels"], fit.metrics["arm_labels"]) == (LABELS, HOLDOUT)
    assert fit.metrics["accuracy"] == judged.accuracy.value
    assert fit.metrics["ece/high"] == judged.ece.high
    assert fit.metrics["seconds/train"] > 0
    assert sum(fit.confusion.values()) == HOLDOUT
    right = sum(times for (label, predicted), times in fit.confusion.items() if label == predicted)
    assert right / HOLDOUT == pytest.approx(judged.accuracy.value)


def test_the_head_goes_with_it_though_its_version_is_removed(make: Make, services: Services) -> None:
    version = make(drawn(60, LABELS, HOLDOUT))
    file = services.versions.head_file(PROJECT, version.name)
    before = file.read_bytes()
    file.unlink()
    [fit] = noted(services)
    assert [path.read_bytes() for path in fit.artefacts] == [before]


def test_a_head_without_holdout_labels_is_tracked_without_figures(make: Make, services: Services) -> None:
    make(drawn(60, LABELS, 0))
    [fit] = noted(services)
    assert (fit.metrics["arm_labels"], fit.confusion) == (0, {})
    assert "accuracy" not in fit.metrics


def test_a_head_that_is_taken_over_is_not_tracked_again(make: Make, services: Services) -> None:
    active = make(drawn(60, LABELS, HOLDOUT))
    more = make(drawn(65, LABELS, HOLDOUT), active)
    assert more.head is active.head
    assert [fit.name for fit in noted(services)] == [active.name]


def test_a_version_without_a_head_is_not_tracked(make: Make, services: Services) -> None:
    assert make(drawn(60, 0, 0)).head is None
    assert noted(services) == []


def test_one_that_is_rejected_says_so(make: Make, services: Services) -> None:
    version = make(drawn(60, LABELS, HOLDOUT))
    worse = PromotionVerdict(blocked=True, p=0.001, n=30, lost=12, won=0, text="worse")
    note(services, replace(version, record=replace(version.record, promotion=worse)))
    assert [fit.tags["kept_back"] for fit in noted(services)] == ["no", "yes"]


def test_a_record_that_contradicts_itself_costs_the_tracking_and_nothing_else(make: Make, services: Services) -> None:
    version = make(drawn(60, LABELS, HOLDOUT))
    contradicting = replace(version.record, out_of_fold=((61, "cat"),))
    with logged_here() as logged:
        note(services, replace(version, record=contradicting))
    assert [line["event"] for line in logged] == ["not tracked"]
    assert len(noted(services)) == 1
