"""What `/metrics` shows: this process's own counters, and those that the worker keeps in Redis."""

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from backend.store.finetunings import Finetuning
from backend.web.state import State

FIGURES = (
    ("label_loop_labels", "Labels of the version that the figures are of.", ["labels"]),
    ("label_loop_arm_labels", "Of them, labels of the holdout that count.", ["arm_labels"]),
    ("label_loop_accuracy", "Accuracy on images drawn at random.", ["accuracy", "accuracy", "value"]),
    ("label_loop_accuracy_low", "Lower end of its 95 % interval.", ["accuracy", "accuracy", "low"]),
    ("label_loop_accuracy_high", "Upper end of its 95 % interval.", ["accuracy", "accuracy", "high"]),
    ("label_loop_calibration_error", "Expected calibration error.", ["calibration", "error", "value"]),
    ("label_loop_labels_saved", "Labels saved against random order.", ["labels_saved", "saved", "value"]),
    ("label_loop_labels_saved_low", "Lower end of its 95 % interval.", ["labels_saved", "saved", "low"]),
)
"""Gauges, and where in a project's figures they are."""


class LoopCollector(Collector):
    """Reads the last snapshot: a scrape waits for nothing."""

    def __init__(self, state: State) -> None:
        self._state = state

    def collect(self) -> Iterable[Metric]:
        seen = self._state.snapshot
        runs = CounterMetricFamily("label_loop_runs", "Runs by how they ended.", labels=["outcome"])
        seconds = CounterMetricFamily("label_loop_run_seconds", "Seconds spent in runs, by stage.", labels=["stage"])
        images = CounterMetricFamily("label_loop_images_embedded", "Images embedded by the worker.")
        published = CounterMetricFamily("label_loop_predictions_published", "Predictions stored in Label Studio.")
        second = CounterMetricFamily(
            "label_loop_second_stages", "Second stages of versions by how they ended.", labels=["outcome"]
        )
        for name, value in sorted(seen.counters.items()):
            kind, _, label = name.partition(":")
            if kind == "runs":
                runs.add_metric([label], value)
            elif kind == "seconds":
                seconds.add_metric([label], value)
            elif kind == "second_stages":
                second.add_metric([label], value)
        images.add_metric([], seen.counters.get("images", 0))
        published.add_metric([], seen.counters.get("predictions", 0))
        yield from (runs, second, seconds, images, published)
        tracked = CounterMetricFamily("label_loop_runs_tracked", "Items of the outbox that MLflow has.")
        tracked.add_metric([], seen.counters.get("tracked", 0))
        yield tracked
        yield GaugeMetricFamily("label_loop_outbox", "Items that wait for MLflow.", value=seen.outbox)
        yield GaugeMetricFamily("label_loop_queue_depth", "Jobs that wait for a worker.", value=seen.queue_depth)
        yield GaugeMetricFamily("label_loop_failed_jobs", "Failed jobs that are kept.", value=seen.failed_jobs)
        yield GaugeMetricFamily("label_loop_workers", "Workers alive.", value=seen.workers)
        active = GaugeMetricFamily(
            "label_loop_active_version", "1 for the active version.", labels=["project", "version"]
        )
        for number, project in sorted(seen.projects.items()):
            if project.active_version is not None:
                active.add_metric([str(number), project.active_version], 1)
        yield active
        yield GaugeMetricFamily(
            "label_loop_training_workers", "Training workers alive.", value=len(seen.training_workers)
        )
        yield from _finetunings(seen.finetunings)
        yield from _figures({number: insight for number, (_, insight) in seen.insights.items()})


def _figures(insights: Mapping[int, Mapping[str, Any]]) -> Iterable[Metric]:
    """A gauge for each figure, of the projects where it is known."""
    for name, text, path in FIGURES:
        gauge = GaugeMetricFamily(name, text, labels=["project"])
        for number, insight in sorted(insights.items()):
            value = _find(insight, path)
            if value is not None:
                gauge.add_metric([str(number)], value)
        yield gauge


def _finetunings(states: Mapping[int, Finetuning]) -> Iterable[Metric]:
    """How far each project's newest fine-tuning is."""
    phase = GaugeMetricFamily(
        "label_loop_finetune_phase", "1 for the phase of the newest fine-tuning.", labels=["project", "phase"]
    )
    epochs = GaugeMetricFamily("label_loop_finetune_epochs", "Epochs that it has trained.", labels=["project"])
    left = GaugeMetricFamily(
        "label_loop_finetune_seconds_left", "Seconds of training that are left, at most.", labels=["project"]
    )
    loss = GaugeMetricFamily("label_loop_finetune_loss", "Loss of its last epoch.", labels=["project", "side"])
    for number, state in sorted(states.items()):
        phase.add_metric([str(number), state.phase], 1)
        epochs.add_metric([str(number)], len(state.history))
        if state.seconds_left is not None:
            left.add_metric([str(number)], state.seconds_left)
        for last in state.history[-1:]:
            for side in ("train", "validation"):
                loss.add_metric([str(number), side], last[f"{side}_loss"])
    yield from (phase, epochs, left, loss)


def _find(insight: Mapping[str, Any], path: Iterable[str]) -> float | None:
    found: Any = insight
    for name in path:
        found = found.get(name) if found is not None else None
    return found if found is None else float(found)


class Telemetry:
    """The web process's metrics, in a registry of their own."""

    def __init__(self, state: State) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(LoopCollector(state))
        self.events = Counter("label_loop_events", "Webhook events by action.", ["action"], registry=self.registry)
        self.predictions = Counter(
            "label_loop_predictions_answered", "Tasks answered by /predict.", registry=self.registry
        )
        self.seconds = Histogram(
            "label_loop_request_seconds", "Seconds to answer a request.", ["route"], registry=self.registry
        )
