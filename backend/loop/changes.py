"""What is new in a project since its active version, and whether that calls for another version."""

from dataclasses import dataclass
from typing import Self

from backend.loop import predictions
from backend.store.dataset import Dataset
from backend.store.records.version import RecordedSettings, changed_labels
from backend.store.versions import Version


@dataclass(frozen=True)
class Changes:
    """How a project differs from what its active version was made of.

    Attributes:
        labels: tasks whose label is new, another one, or gone.
        settings: whether anything else that a head depends on is another, or there is no active version.
        tried: whether these very labels and settings have already made a version that was rejected.
        queue: whether the queue would be another one: an audit asks for other tasks, or tasks have no place in it.
    """

    labels: frozenset[int]
    settings: bool
    tried: bool
    queue: bool

    @classmethod
    def since(cls, active: Version | None, data: Dataset, settings: RecordedSettings, rejected: Version | None) -> Self:
        """Compare a project with its active version.

        Args:
            active: the active version, if any.
            data: the project now.
            settings: that a version made now would depend on.
            rejected: the last version that was rejected in favour of the active one's head, if any.
        """
        if active is None:
            return cls(labels=frozenset(data.labels), settings=True, tried=False, queue=True)
        return cls(
            labels=frozenset(changed_labels(active.record.labels, data.labels)),
            settings=active.record.settings != settings,
            tried=rejected is not None
            and rejected.record.settings == settings
            and not changed_labels(rejected.record.labels, data.labels),
            queue=active.record.audit != data.audited or not _all_placed(active, data),
        )

    def call_for_head(self, least_labels: int = 1) -> bool:
        """Whether there is reason to train: where these labels were tried in vain, only another label is.

        Args:
            least_labels: changed labels that are reason enough; at least 1.
        """
        return not self.tried and (len(self.labels) >= least_labels or self.settings)

    def call_for_version(self, least_labels: int) -> bool:
        """Whether the active version is out of date.

        Args:
            least_labels: changed labels that are reason enough; at least 1.
        """
        return self.queue or self.call_for_head(least_labels)


def _all_placed(version: Version, data: Dataset) -> bool:
    """Whether each task that can be asked for has its place in the queue.

    A task whose image could not be read when the version was made stands at the end of it, even if it can be read now.
    """
    placed = set(version.task_ids[version.scores < predictions.LAST].tolist())
    listed = set(version.task_ids.tolist())
    return placed.issuperset(data.task_ids[data.pool].tolist()) and listed.issuperset(data.unreadable)
