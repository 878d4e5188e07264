"""What `/metrics` shows: this process's own counters, and those that the worker keeps in Redis."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from backend.state import State


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
        for name, value in sorted(seen.counters.items()):
            kind, _, label = name.partition(":")
            if kind == "runs":
                runs.add_metric([label], value)
            elif kind == "seconds":
                seconds.add_metric([label], value)
        images.add_metric([], seen.counters.get("images", 0))
        published.add_metric([], seen.counters.get("predictions", 0))
        yield from (runs, seconds, images, published)
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
