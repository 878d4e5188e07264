"""What `/metrics` shows. A new metric is a line in `SHOWN`, or in `Metrics` if this process does the counting."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from backend.label_studio import webhook
from backend.queue.counters import Counters
from backend.store.records.insight import Insight
from backend.web.health.status import Status
from backend.web.health.status_board import StatusBoard
from model.head.evaluation import Estimate
from model.insight.results import Range

Sample = tuple[tuple[str, ...], float]
"""Values of a metric's labels, and the number."""

Read = Callable[[Status], Iterable[Sample]]
"""How a metric's samples are read off the status: a scrape never waits."""


@dataclass(frozen=True)
class ShownMetric:
    """A metric that is read off the status.

    Attributes:
        family: whether it counts up, or goes up and down.
        name: without the `_total` that Prometheus adds to what counts up.
        meaning: a sentence for whoever looks at it.
        read: its samples.
        labels: their names.
    """

    family: type[CounterMetricFamily | GaugeMetricFamily]
    name: str
    meaning: str
    read: Read
    labels: tuple[str, ...]

    def collect(self, status: Status) -> Metric:
        """The metric with its samples now."""
        family = self.family(self.name, self.meaning, labels=self.labels)
        for values, number in self.read(status):
            family.add_metric(values, number)
        return family


def _counted(name: str, meaning: str, read: Callable[[Counters], float]) -> ShownMetric:
    """A number that the workers count up."""
    return ShownMetric(CounterMetricFamily, name, meaning, lambda status: [((), read(status.counters))], ())


def _counted_by(label: str, name: str, meaning: str, read: Callable[[Counters], Mapping[str, float]]) -> ShownMetric:
    """Numbers that the workers count up, one for each value of a label."""

    def samples(status: Status) -> Iterator[Sample]:
        for value, number in sorted(read(status.counters).items()):
            yield (value,), number

    return ShownMetric(CounterMetricFamily, name, meaning, samples, (label,))


def _gauge(name: str, meaning: str, read: Callable[[Status], float]) -> ShownMetric:
    """A number as it is now."""
    return ShownMetric(GaugeMetricFamily, name, meaning, lambda status: [((), read(status))], ())


def _of_projects(name: str, meaning: str, read: Read, *labels: str) -> ShownMetric:
    """Numbers as they are now, for each project where they are known."""
    return ShownMetric(GaugeMetricFamily, name, meaning, read, ("project", *labels))


def _figure(name: str, meaning: str, read: Callable[[Insight], float | None]) -> ShownMetric:
    """A number in the figures of each project where it is known."""

    def samples(status: Status) -> Iterator[Sample]:
        for number, (_, insight) in sorted(status.insights.items()):
            value = read(insight)
            if value is not None:
                yield (str(number),), value

    return _of_projects(name, meaning, samples)


def _value(estimate: Estimate | Range | None) -> float | None:
    return None if estimate is None else estimate.value


def _low(estimate: Estimate | Range | None) -> float | None:
    return None if estimate is None else estimate.low


def _high(estimate: Estimate | Range | None) -> float | None:
    return None if estimate is None else estimate.high


def _active_versions(status: Status) -> Iterator[Sample]:
    for number, mirrored in sorted(status.projects.items()):
        if mirrored.active_version is not None:
            yield (str(number), mirrored.active_version), 1


def _finetune_phases(status: Status) -> Iterator[Sample]:
    for number, finetuning in sorted(status.finetunings.items()):
        yield (str(number), finetuning.phase), 1


def _finetune_epochs(status: Status) -> Iterator[Sample]:
    for number, finetuning in sorted(status.finetunings.items()):
        yield (str(number),), len(finetuning.history)


def _finetune_seconds_left(status: Status) -> Iterator[Sample]:
    for number, finetuning in sorted(status.finetunings.items()):
        if finetuning.seconds_left is not None:
            yield (str(number),), finetuning.seconds_left


def _finetune_losses(status: Status) -> Iterator[Sample]:
    for number, finetuning in sorted(status.finetunings.items()):
        for last in finetuning.history[-1:]:
            yield (str(number), "train"), last.train_loss
            yield (str(number), "validation"), last.validation_loss


def _images_unusable(status: Status) -> Iterator[Sample]:
    for number, overview in sorted(status.overviews.items()):
        for each in overview.unusable:
            yield (str(number), each.cause), each.count


def _failing_runs(status: Status) -> Iterator[Sample]:
    for number, failing in sorted(status.failing.items()):
        yield (str(number),), failing.times


def _waiting_seconds(status: Status) -> Iterator[Sample]:
    for number, standing in sorted(status.standings.items()):
        if standing.waiting is not None:
            yield (str(number),), standing.waiting


def _free_bytes(status: Status) -> float:
    return 0.0 if status.disk is None else status.disk.free


SHOWN = (
    _counted_by("outcome", "label_loop_runs", "Runs by how they ended.", lambda done: done.runs),
    _counted_by(
        "outcome", "label_loop_second_stages", "Second stages by how they ended.", lambda done: done.second_stages
    ),
    _counted_by("stage", "label_loop_run_seconds", "Seconds spent in runs, by stage.", lambda done: done.seconds),
    _counted("label_loop_images_embedded", "Images embedded by the worker.", lambda done: done.images),
    _counted("label_loop_predictions_published", "Predictions stored in Label Studio.", lambda done: done.predictions),
    _counted("label_loop_runs_tracked", "Items of the outbox that MLflow has.", lambda done: done.tracked),
    _gauge("label_loop_outbox", "Items that wait for MLflow.", lambda status: status.outbox),
    _gauge("label_loop_queue_depth", "Jobs that wait for a worker.", lambda status: status.queue_depth),
    _gauge("label_loop_failed_jobs", "Failed jobs that are kept.", lambda status: status.failed_jobs),
    _gauge("label_loop_workers", "Workers alive.", lambda status: status.workers),
    _gauge("label_loop_training_workers", "Training workers alive.", lambda status: len(status.training_workers)),
    _of_projects("label_loop_active_version", "1 for the active version.", _active_versions, "version"),
    _of_projects("label_loop_finetune_phase", "1 for the phase of the newest fine-tuning.", _finetune_phases, "phase"),
    _of_projects("label_loop_finetune_epochs", "Epochs that it has trained.", _finetune_epochs),
    _of_projects("label_loop_finetune_seconds_left", "Seconds of training left, at most.", _finetune_seconds_left),
    _of_projects("label_loop_finetune_loss", "Loss of its last epoch.", _finetune_losses, "side"),
    _of_projects("label_loop_images_unusable", "Images that can't be used, by cause.", _images_unusable, "cause"),
    _of_projects("label_loop_failing_runs", "Runs in a row that did not go through.", _failing_runs),
    _of_projects("label_loop_waiting_seconds", "Age of the first change that no run has taken up.", _waiting_seconds),
    _gauge("label_loop_disk_free_bytes", "Room on the disk of MODEL_DIR.", _free_bytes),
    _figure("label_loop_labels", "Labels of the version that the figures are of.", lambda told: told.labels),
    _figure("label_loop_arm_labels", "Of them, labels of the holdout that count.", lambda told: told.holdout_labels),
    _figure("label_loop_accuracy", "Accuracy on images drawn at random.", lambda told: _value(told.accuracy.accuracy)),
    _figure("label_loop_accuracy_low", "Lower end of its 95 % interval.", lambda told: _low(told.accuracy.accuracy)),
    _figure("label_loop_accuracy_high", "Upper end of its 95 % interval.", lambda told: _high(told.accuracy.accuracy)),
    _figure("label_loop_calibration_error", "Expected calibration error.", lambda told: _value(told.calibration.error)),
    _figure(
        "label_loop_labels_saved", "Labels saved against random order.", lambda told: _value(told.labels_saved.saved)
    ),
    _figure(
        "label_loop_labels_saved_low", "Lower end of its 95 % interval.", lambda told: _low(told.labels_saved.saved)
    ),
)
"""Metrics of the workers and of the projects."""


class StatusCollector(Collector):
    """Hands Prometheus's library what `SHOWN` reads off the status."""

    def __init__(self, board: StatusBoard) -> None:
        self._board = board

    def collect(self) -> Iterable[Metric]:
        """Every metric of `SHOWN`, off the status as it is, and what is wrong."""
        status = self._board.status
        problems = GaugeMetricFamily("label_loop_problem", "1 for what /health tells.", labels=("project", "kind"))
        for project, kind in sorted({(each.project or 0, each.kind) for each in self._board.problems()}):
            problems.add_metric((str(project) if project else "", kind), 1)
        return [*(metric.collect(status) for metric in SHOWN), problems]


class TimedRoute(StrEnum):
    """Routes whose answers are timed; the values are those of the label `route`."""

    SETUP = "setup"
    PREDICT = "predict"
    WEBHOOK = "take_event"


class Metrics:
    """All metrics, in a registry of their own: those of `SHOWN`, and what this process itself counts.

    Attributes:
        registry: to be shown.
        predictions: tasks answered by `/predict`.
    """

    def __init__(self, board: StatusBoard) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(StatusCollector(board))
        self._events = Counter("label_loop_events", "Webhook events by action.", ["action"], registry=self.registry)
        self.predictions = Counter(
            "label_loop_predictions_answered", "Tasks answered by /predict.", registry=self.registry
        )
        seconds = Histogram(
            "label_loop_request_seconds", "Seconds to answer a request.", ["route"], registry=self.registry
        )
        self._seconds = {route: seconds.labels(route) for route in TimedRoute}

    def count_event(self, action: str) -> None:
        """Count an event: by its name where Label Studio has such events, so that no caller makes series at will."""
        self._events.labels(action if action in webhook.ACTIONS else "other").inc()

    def request_seconds(self, route: TimedRoute) -> Histogram:
        """The histogram of a route."""
        return self._seconds[route]
