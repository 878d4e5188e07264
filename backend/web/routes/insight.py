"""What `/api/projects/<id>/insight` answers: the newest version's figures, and the history of all."""

from typing import Any

from backend.store.records.mirror import MirroredProject
from backend.store.records.version import HistoryEntry
from backend.store.versions import VersionStore

MOST_VERSIONS = 500
"""Versions in the history, the newest: each label makes one."""

NO_VERSION_YET = "no version yet: connect the backend and let it see an image"
NO_FIGURES_YET = "no figures yet: they follow the first version as soon as nobody waits for a run"
OTHER = "figures of another version: the active one's follow as soon as nobody waits for a run"

FIGURES = ("made_at", "labels", "arm_labels", "accuracy", "calibration", "labels_saved", "stop_adviser")
"""Keys of the second stage's figures, which are there before it, too."""


def answer(mirrored: MirroredProject, versions: VersionStore) -> dict[str, Any]:
    """Figures and history of a project as JSON; what is not known yet is None, and `note` says why."""
    version = versions.newest_second_stage(mirrored.project)
    insight = None if version is None else versions.insight(mirrored.project, version)
    return {
        "project": mirrored.project.id,
        "active_version": mirrored.active_version,
        "version": version,
        "note": _note(mirrored.active_version, version),
        "label_counts": None if mirrored.label_counts is None else mirrored.label_counts.to_json(),
        **(dict.fromkeys(FIGURES) if insight is None else insight.to_json()),
        "history": [
            _told(entry, mirrored.active_version) for entry in versions.history(mirrored.project, MOST_VERSIONS)
        ],
    }


def _note(active: str | None, version: str | None) -> str:
    if active is None:
        return NO_VERSION_YET
    if version is None:
        return NO_FIGURES_YET
    return OTHER if version != active else ""


def _told(entry: HistoryEntry, active: str | None) -> dict[str, Any]:
    rejection = entry.figures.rejection
    return {
        "version": entry.name,
        "created_at": entry.created_at.isoformat(),
        "activated_at": None if entry.activated_at is None else entry.activated_at.isoformat(),
        "active": entry.name == active,
        **entry.figures.to_json(),
        "kept_back": None if rejection is None else rejection.reason,
    }
