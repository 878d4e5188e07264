"""What a soak came to: figures, and which of them are over their limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from scripts.lab.soak.annotators import Submits
from scripts.lab.soak.gauges import Gauges, Sample
from scripts.lab.soak.installation import Part
from scripts.lab.soak.watch import Seen
from scripts.lab.tables import Table

SLOW_SECONDS = 2.0
STANDSTILL_SECONDS = 30.0
HEALTH_SECONDS = 0.5
GROWTH = 1.25
"""Memory and threads are level while the last quarter's median is below this much of the second's.

The first quarter is left out: processes grow until they have done everything once.
"""


@dataclass(frozen=True)
class MadeFault:
    """A fault, and what followed.

    Attributes:
        name: its kind.
        at: seconds since the beginning.
        seconds: that it lasted, until what was killed was back.
        standstill: seconds from its end until each project had a version published after it; None where none came.
    """

    name: str
    at: float
    seconds: float
    standstill: float | None


@dataclass(frozen=True)
class ProjectOutcome:
    """One project at the end.

    Attributes:
        submitted: labels that Label Studio acknowledged.
        kept: of these, those that are in Label Studio.
        labelled: tasks with a label in Label Studio.
        learned: tasks that the last version was trained on, or None where it could not be read.
        tasks: how many there are.
    """

    submitted: int
    kept: int
    labelled: int
    learned: int | None
    tasks: int

    @property
    def lost(self) -> int:
        """Labels that the last version does not know."""
        return self.labelled - (self.learned or 0)


@dataclass(frozen=True)
class SoakFigure:
    """A line of the table.

    Attributes:
        name: what is counted.
        value: as it is printed.
        limit: what it may be; empty where nothing is promised.
        holds: whether it is within its limit.
    """

    name: str
    value: str
    limit: str = ""
    holds: bool = True


@dataclass(frozen=True)
class SoakOutcome:
    """All that was counted."""

    minutes: float
    faults: Sequence[MadeFault]
    projects: Sequence[ProjectOutcome]
    submits: Submits
    seen: Seen
    gauges: Gauges
    malformed: Sequence[int]
    outages: Sequence[tuple[float, float]]

    def figures(self) -> list[SoakFigure]:
        """Every line."""
        return [
            SoakFigure("minutes", f"{self.minutes:.0f}"),
            *self._of_faults(),
            *self._of_labels(),
            *self._of_submits(),
            *self._of_answers(),
            *self._of_predictions(),
            *self._of_processes(),
        ]

    def holds(self) -> bool:
        """Whether all is within its limits."""
        return all(figure.holds for figure in self.figures())

    def table(self) -> Table:
        """The figures, for people."""
        rows = tuple((each.name, each.value, each.limit, "" if each.holds else "over") for each in self.figures())
        return Table("", ("", "seen", "at most", ""), rows)

    def faults_table(self) -> Table:
        """How often each kind was made, and the longest standstill after it."""
        rows = []
        for name in sorted({fault.name for fault in self.faults}):
            made = [fault for fault in self.faults if fault.name == name]
            waits = [fault.standstill for fault in made if fault.standstill is not None]
            longest = f"{max(waits):.1f} s" if len(waits) == len(made) else "no new version"
            rows.append((name, str(len(made)), f"{median(waits):.1f} s" if waits else "", longest))
        return Table("", ("fault", "times", "median wait for a version", "longest"), tuple(rows))

    def _of_faults(self) -> list[SoakFigure]:
        waits = [fault.standstill for fault in self.faults]
        never = sum(wait is None for wait in waits)
        longest = max((wait for wait in waits if wait is not None), default=0.0)
        told = f"{longest:.1f} s" + (f", {never} times no end" if never else "")
        return [
            SoakFigure("faults", f"{len(self.faults)} of {len({fault.name for fault in self.faults})} kinds"),
            SoakFigure(
                "longest standstill after a fault",
                told,
                f"{STANDSTILL_SECONDS:.0f} s",
                never == 0 and longest <= STANDSTILL_SECONDS,
            ),
        ]

    def _of_labels(self) -> list[SoakFigure]:
        submitted, kept = (sum(getattr(each, name) for each in self.projects) for name in ("submitted", "kept"))
        labelled, lost = (sum(getattr(each, name) for each in self.projects) for name in ("labelled", "lost"))
        learned = labelled - lost
        return [
            SoakFigure("labels submitted", f"{submitted}"),
            SoakFigure("labels in Label Studio", f"{labelled}", "", kept == submitted),
            SoakFigure("labels in the last versions", f"{learned}", f"{labelled}, all", lost == 0),
            SoakFigure("versions", f"{sum(len(each) for each in self.seen.versions.values())}"),
            SoakFigure("versions torn", f"{len(self.seen.torn)}", "0", not self.seen.torn),
        ]

    def _of_submits(self) -> list[SoakFigure]:
        slow = [each for each in self.submits.taken if each.seconds > SLOW_SECONDS]
        ours = [each for each in slow if not self._overlaps_an_outage(each.at - each.seconds, each.at)]
        longest = max((each.seconds for each in self.submits.taken if each not in slow or each in ours), default=0.0)
        return [
            SoakFigure("submits refused", f"{len(self.submits.refused)}", "0", not self.submits.refused),
            SoakFigure("submits over 2 s while Label Studio was up", f"{len(ours)}"),
            SoakFigure("longest submit then", f"{longest:.2f} s"),
            SoakFigure("requests that a dying Label Studio left unanswered", f"{self.submits.unanswered}"),
        ]

    def _of_answers(self) -> list[SoakFigure]:
        bad = sum(status >= 500 for status in self.malformed)
        ill = sum(status >= 500 for status in self.gauges.statuses)
        slowest = max(self.gauges.health, default=0.0)
        return [
            SoakFigure("malformed payloads answered", f"{len(self.malformed)}"),
            SoakFigure("of these with 5xx, or not at all", f"{bad}", "0", bad == 0),
            SoakFigure("/health asked", f"{len(self.gauges.health)}"),
            SoakFigure("of these with 5xx, or not at all", f"{ill}", "0", ill == 0),
            SoakFigure("median, slowest", f"{median(self.gauges.health or [0.0]):.3f} s, {slowest:.2f} s"),
        ]

    def _of_predictions(self) -> list[SoakFigure]:
        seen = self.seen
        return [
            SoakFigure("predictions with another project's classes", f"{seen.strange}", "0", seen.strange == 0),
            SoakFigure(
                "most predictions of ours in a project, as a share of its tasks",
                f"{seen.most_predictions:.2f}",
                "2",
                seen.most_predictions <= 2,
            ),
            SoakFigure("most of them on one task", f"{seen.most_on_a_task}"),
        ]

    def _of_processes(self) -> list[SoakFigure]:
        samples = self.gauges.samples
        if not samples:
            return []
        quarter = max(1, len(samples) // 4)
        first, last = samples[quarter : 2 * quarter] or samples, samples[-quarter:]
        lines = []
        for part in (Part.WEB, Part.WORKER):
            for what, name in (("megabytes", "memory"), ("threads", "threads")):
                before, after = _median_of(first, what, part), _median_of(last, what, part)
                told = f"{before:.0f}, {after:.0f}" + (" MB" if what == "megabytes" else "")
                holds = after <= max(before * GROWTH, before + 5)
                lines.append(SoakFigure(f"{part}: {name} in the second and the last quarter", told, "level", holds))
        disk = f"{samples[len(samples) // 2].disk_megabytes:.0f}, {samples[-1].disk_megabytes:.0f} MB"
        return [*lines, SoakFigure("MODEL_DIR half-way and at the end", disk)]

    def _overlaps_an_outage(self, begun: float, ended: float) -> bool:
        return any(begun < end and ended > begin for begin, end in self.outages)


def _median_of(samples: Sequence[Sample], what: str, part: Part) -> float:
    return float(median(getattr(each, what)[part] for each in samples))
