"""Pulls what other models predict into the mirror: rarely, and only where it changed.

Label Studio tells of each model version how many predictions it has and when the latest was made, in one cheap request.
Only where that is another answer than the last time are the predictions themselves asked for.
"""

import json
import time
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from backend import logs
from backend.errors import OddResultError, OperatorError, RetryLaterError
from backend.label_studio import fields
from backend.label_studio.client import LabelStudio
from backend.label_studio.config import Labeling
from backend.project import Project, is_id
from backend.store.mirror import Mirror
from backend.store.records.foreign import ForeignPrediction
from backend.store.records.mirror import MirroredProject

LOOK_AGAIN = timedelta(seconds=60)
"""How soon after a look the next one is due: no event tells of predictions that somebody imports."""

PAUSE = 20.0
"""Times as long as a pull took until the next look: a second live backend predicts without end, and Label Studio can't
be asked for what is new alone."""

LONGEST_VERSION = 500
"""Characters of a model version that are kept."""

log = logs.get()


def pull(
    project: Project, labeling: Labeling, label_studio: LabelStudio, mirror: Mirror, ours: Collection[str]
) -> None:
    """Bring the mirror up to what other models predict, where a look is due.

    Args:
        project: to pull.
        labeling: the project's.
        label_studio: to pull from.
        mirror: to pull into.
        ours: of `VersionStore.ours`.

    Raises:
        RetryLaterError: Label Studio does not answer.
    """
    mirrored, now = mirror.project(project), datetime.now(UTC)
    if mirrored is None or not _is_due(mirrored, now):
        return
    try:
        _look(project, labeling, label_studio, mirror, ours, mirrored.foreign_seen)
    except OperatorError as error:
        # An older Label Studio does not have the request; whether the project is gone is not for it to tell.
        log.info("Label Studio does not say whose predictions there are", reason=str(error))
        mirror.record_foreign_look(project, now, mirrored.foreign_seen or "")
    except RetryLaterError as error:
        # Nobody's labels wait for what another model has left behind. Raises where it is Label Studio that is away.
        label_studio.whoami()
        log.warning("other models' predictions can't be read", reason=str(error))
        mirror.record_foreign_look(project, now, mirrored.foreign_seen or "")


def _look(
    project: Project,
    labeling: Labeling,
    label_studio: LabelStudio,
    mirror: Mirror,
    ours: Collection[str],
    seen_before: str | None,
) -> None:
    now, told = datetime.now(UTC), label_studio.model_versions(project.id)
    foreign = {name: facts for name, facts in told.items() if name not in ours}
    seen = json.dumps(sorted(foreign.items())) if foreign else ""
    begun = time.monotonic()
    if seen != seen_before:
        found = _newest(project, labeling, label_studio, foreign) if foreign else {}
        mirror.replace_foreign(project, found)
        log.info("foreign predictions pulled", models=sorted(foreign), tasks=len(found))
    mirror.record_foreign_look(project, now + PAUSE * timedelta(seconds=time.monotonic() - begun), seen)


def _is_due(mirrored: MirroredProject, now: datetime) -> bool:
    looked = mirrored.foreign_looked_at
    return mirrored.foreign_seen is None or looked is None or now - looked > LOOK_AGAIN


def _newest(
    project: Project, labeling: Labeling, label_studio: LabelStudio, foreign: Mapping[str, Any]
) -> dict[int, ForeignPrediction]:
    """The newest foreign prediction of each task that says something."""
    newest: dict[int, tuple[int, ForeignPrediction | None]] = {}
    for name in foreign:
        for listed in label_studio.predictions_of(project.id, name):
            number, task = listed.get("id"), listed.get("task")
            if is_id(task) and isinstance(number, int) and number > newest.get(task, (0, None))[0]:
                newest[task] = (number, read(listed, labeling))
    return {task: prediction for task, (_, prediction) in newest.items() if prediction is not None}


def read(listed: Mapping[str, Any], labeling: Labeling) -> ForeignPrediction | None:
    """A prediction as Label Studio lists it; None where it says nothing that can be read."""
    try:
        answer = labeling.answer(listed.get("result"))
    except OddResultError:
        return None
    if answer is None or answer.other_tag is not None:
        return None
    said = [listed.get("score"), *(region.get("score") for region in fields.regions(listed.get("result")))]
    confidences = [each for each in map(fields.share, said) if each is not None]
    version = str(listed.get("model_version") or "")
    return ForeignPrediction(
        task_id=int(listed["task"]),
        choice=answer.choice,
        confidence=confidences[0] if confidences else None,
        model_version=version if fields.is_storable(version, LONGEST_VERSION) else "",
    )
