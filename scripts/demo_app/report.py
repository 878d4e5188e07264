"""What a session of the simulated annotator showed: as JSON, as a table, and as a verdict."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from scripts.demo_app.accuracy import AccuracyPoint
from scripts.demo_app.annotator import Submitted
from scripts.demo_app.finetuning import FinetuningSeen
from scripts.demo_app.versions import SeenVersion
from scripts.lab.tables import Table
from scripts.lab.wording import NOTHING


@dataclass(frozen=True)
class SessionSeen:
    """Everything that was seen.

    Attributes:
        submitted: the annotations, in order.
        curve: the learning curve, in order.
        versions: seen active, in order; the first may have been active before.
        stored: ids of the tasks that have an annotation in Label Studio at the end.
        seconds: from the first task to the last annotation, without measuring.
        finetuned: the backbone's fine-tuning, where one was asked for; the curve's last point is after it then.
    """

    submitted: Sequence[Submitted]
    curve: Sequence[AccuracyPoint]
    versions: Sequence[SeenVersion]
    stored: frozenset[int]
    seconds: float
    finetuned: FinetuningSeen | None = None

    @property
    def runs(self) -> int:
        """Versions seen active that are trained on at least one annotation of this session."""
        ours = {each.annotation for each in self.submitted}
        return sum(bool(version.annotations & ours) for version in self.versions)


def fresh_after_seconds(submitted: Submitted, versions: Sequence[SeenVersion]) -> float | None:
    """Seconds from *Submit* until the first sight of an active version trained on it; None where none was seen."""
    times = [version.seen_at for version in versions if submitted.annotation in version.annotations]
    return min(times) - submitted.submitted_at if times else None


def as_json(session: SessionSeen) -> dict[str, Any]:
    """The report's content; the issue that asked for the demo fixes its names."""
    holdout = next((version.holdout for version in reversed(session.versions) if version.holdout is not None), None)
    waits = [fresh_after_seconds(each, session.versions) for each in session.submitted]
    fresh = [seconds for seconds in waits if seconds is not None]
    annotations = [
        {
            "task": each.task,
            "arm": None if holdout is None else each.task in holdout,
            "rank_score": each.rank_score,
            "was_lowest": each.was_lowest,
            "prediction_right": each.prediction_right,
            "version": each.version,
            "submit_seconds": _rounded(each.submit_seconds),
            "fresh_after_seconds": _rounded(wait),
        }
        for each, wait in zip(session.submitted, waits, strict=True)
    ]
    totals = {
        "labels": len(session.stored),
        "accuracy": session.curve[-1].accuracy if session.curve else None,
        "runs": session.runs,
        "median_fresh_after_seconds": _rounded(median(fresh)) if fresh else None,
        "seconds": _rounded(session.seconds),
    }
    finetuned = {} if session.finetuned is None else {"finetune": asdict(session.finetuned)}
    curve = [asdict(point) for point in session.curve]
    return {"annotations": annotations, "curve": curve, "totals": totals, **finetuned}


def write(report: dict[str, Any], path: Path) -> None:
    """Write the report; its folder is made if it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1) + "\n")


def failures(session: SessionSeen) -> list[str]:
    """Why the loop did not run, in a line each; empty where it did."""
    found = []
    if not session.submitted:
        found.append("Nothing was annotated.")
    lost = [each.task for each in session.submitted if each.task not in session.stored]
    if lost:
        found.append(f"Label Studio holds no annotation of {len(lost)} tasks: {lost[:5]}.")
    last = session.versions[-1].annotations if session.versions else frozenset()
    if session.finetuned is not None and session.finetuned.phase in ("refused", "failed"):
        found.append(f"The fine-tuning {session.finetuned.phase}: {session.finetuned.message}")
    if session.submitted and not any(each.annotation in last for each in session.submitted):
        found.append("The active version is trained on none of the annotations. See worker.log.")
    return found


def tables(report: dict[str, Any]) -> tuple[Table, Table]:
    """The report for a person: the learning curve, and what the annotator met."""
    curve = tuple(
        (str(point["labels"]), _percent(point["accuracy"]), point["version"] or NOTHING) for point in report["curve"]
    )
    rows = [*_met(report["annotations"], report["totals"]), *_finetuned(report.get("finetune"))]
    return Table("", ("labels", "accuracy on unlabelled", "version"), curve), Table("", ("", ""), tuple(rows))


def _met(annotations: Sequence[dict[str, Any]], totals: dict[str, Any]) -> list[tuple[str, str]]:
    submits = [each["submit_seconds"] for each in annotations]
    median_submit, longest_submit = _seconds(median(submits) if submits else None), _seconds(max(submits, default=None))
    return [
        ("annotations", f"{len(annotations)} in {totals['seconds']:.0f} s, {totals['labels']} in the project"),
        ("lowest-scored", _share(annotations, "was_lowest")),
        ("pre-annotation right", _share(annotations, "prediction_right")),
        ("holdout", _share(annotations, "arm")),
        ("versions made", str(totals["runs"])),
        ("submit to new order", f"{_seconds(totals['median_fresh_after_seconds'])} (median)"),
        ("submit call", f"{median_submit} (median), {longest_submit} (longest)"),
    ]


def _finetuned(found: dict[str, Any] | None) -> list[tuple[str, str]]:
    if found is None:
        return []
    took = f"{found['phase']} after {found['seconds']:.0f} s and {found['epochs']} epochs"
    return [
        ("fine-tuning", f"{took}, {found['versions_meanwhile']} versions meanwhile"),
        ("", found["message"]),
        ("backbone in use", found["backbone"]),
    ]


def point_line(point: AccuracyPoint) -> str:
    """A point of the learning curve, while the annotator is at work."""
    return f"{point.labels:>6} labels: {_percent(point.accuracy)} right on unlabelled images"


def _share(annotations: Sequence[dict[str, Any]], name: str) -> str:
    known = [each[name] for each in annotations if each[name] is not None]
    unknown = f", {len(annotations) - len(known)} not known" if len(known) < len(annotations) else ""
    return f"{sum(known)} of {len(known)} ({_percent(sum(known) / len(known))}){unknown}" if known else "not known"


def _percent(share: float | None) -> str:
    return NOTHING if share is None else f"{share:.1%}"


def _seconds(seconds: float | None) -> str:
    return NOTHING if seconds is None else f"{seconds:.2f} s"


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
