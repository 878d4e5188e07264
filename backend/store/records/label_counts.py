"""Which of a project's annotations are labels, and which are not, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from backend.store.records.json_record import JsonRecord

OTHERS = "…"
"""Stands for the rest of the classes where there are very many."""


@dataclass(frozen=True)
class LabelCounts(JsonRecord):
    """What a project's annotations come to. Skipped and empty ones are in none of the counts.

    Attributes:
        people: tasks whose label people gave.
        imported: tasks whose label comes from imported annotations alone.
        unseen: annotations that Label Studio made of predictions, or of another task's annotation, and that nobody
            looked at: no labels.
        automatic: annotations of an auto-labelling of ours: no labels.
        dropped: annotations by their choice, which the label config no longer has: no labels.
        odd: annotations that can't be read: no labels.
        classes: that tasks are labelled with.
    """

    people: int = 0
    imported: int = 0
    unseen: int = 0
    automatic: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    odd: int = 0
    classes: int = 0

    def without_effect(self) -> list[str]:
        """One sentence for each kind of annotation that is no label although it looks like one."""
        said = []
        if self.dropped:
            names = ", ".join(f"{name} ({count})" for name, count in self.dropped.items())
            said.append(
                f"{sum(self.dropped.values())} annotations are of choices that the label config no longer has, and "
                f"don't count: {names}."
            )
        if self.unseen:
            said.append(
                f"{self.unseen} annotations were made of predictions or of other annotations, nobody looked at them, "
                "and they don't count until somebody updates them."
            )
        if self.odd:
            said.append(f"{self.odd} annotations can't be read, and don't count: they carry no single choice.")
        return said
