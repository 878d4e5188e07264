"""Turn the images of new tasks into features, each image once."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tqdm import tqdm

from backend import logs
from backend.errors import ImageUnavailableError, RetryLaterError
from backend.project import Project
from backend.queue import project_queue
from backend.services import Services
from backend.store.features import content_hash
from backend.store.mirror import MirroredTask
from model.arrays import FloatArray
from model.backbone.backbone import Backbone
from model.errors import ImageError

CHUNK = 64
"""Tasks fetched, embedded and recorded together: what a killed run has to do again at most."""

FETCHERS = 8
RETRY = timedelta(minutes=10)
"""An image that could not be used is tried again after this time: its host may have been down."""

_Fetched = bytes | ImageUnavailableError

log = logs.get()


@dataclass
class Embedded:
    """What a run did: tasks embedded, images computed, tasks without a usable image, tasks left for the next run."""

    tasks: int = 0
    images: int = 0
    failed: int = 0
    left: int = 0


@dataclass
class _Batch:
    hashes: dict[int, str] = field(default_factory=dict)
    problems: dict[int, str] = field(default_factory=dict)


def run(project: Project, services: Services, backbone: Backbone) -> Embedded:
    """Embed tasks without a feature, oldest first, until none is left or the time for this run is used up.

    Raises:
        RetryLaterError: Label Studio does not answer, or the backbone is not exported yet.
    """
    todo = services.mirror.tasks_to_embed(project, datetime.now(UTC) - RETRY)
    embedded = Embedded(left=len(todo))
    deadline = time.monotonic() + services.settings.embed_seconds
    with tqdm(total=len(todo), desc="embed", unit="image", disable=not todo or not sys.stderr.isatty()) as bar:
        for start in range(0, len(todo), CHUNK):
            if start and time.monotonic() > deadline:
                break
            chunk = todo[start : start + CHUNK]
            done = some(project, services, backbone, chunk)
            embedded.tasks += done.tasks
            embedded.images += done.images
            embedded.failed += done.failed
            embedded.left -= len(chunk)
            bar.update(len(chunk))
            project_queue.show_progress(start + len(chunk), len(todo), "embed")
    return embedded


def some(project: Project, services: Services, backbone: Backbone, tasks: list[MirroredTask]) -> Embedded:
    """Embed these tasks, all at once: for as many as fit into memory together with their images.

    Raises:
        RetryLaterError: Label Studio does not answer, or the backbone is not exported yet.
    """
    batch = _Batch()
    files: dict[int, bytes] = {}
    for task, fetched in _fetch(services, tasks).items():
        if isinstance(fetched, ImageUnavailableError):
            batch.problems[task] = str(fetched)
        else:
            files[task] = fetched
    hashes = {task: content_hash(data) for task, data in files.items()}
    known = _known(services, backbone, sorted(set(hashes.values())))
    new = {hashes[task]: data for task, data in files.items() if hashes[task] not in known}
    features: dict[str, FloatArray] = {}
    broken: dict[str, str] = {}
    if new:
        for key, outcome in services.embedder(backbone).embed_bytes(new.items(), services.image_limits):
            if isinstance(outcome, ImageError):
                broken[key] = str(outcome)
            else:
                features[key] = outcome
    services.features.add(backbone.version, backbone.width, features)
    batch.hashes |= {task: key for task, key in hashes.items() if key not in broken}
    batch.problems |= {task: broken[key] for task, key in hashes.items() if key in broken}
    for task, problem in sorted(batch.problems.items()):
        log.warning("image can't be used", task=task, reason=problem)
    services.mirror.record_images(project, batch.hashes, batch.problems)
    return Embedded(len(batch.hashes), len(features), len(batch.problems))


def _known(services: Services, backbone: Backbone, hashes: list[str]) -> set[str]:
    _, missing = services.features.get(backbone.version, backbone.width, hashes)
    return {key for index, key in enumerate(hashes) if index not in missing}


def _fetch(services: Services, tasks: list[MirroredTask]) -> dict[int, _Fetched]:
    """Bytes by task id, or why there are none.

    When Label Studio itself is down, or was a moment ago, the images are not to blame.

    Raises:
        RetryLaterError: Label Studio does not answer.
    """
    fetched = _fetch_once(services, tasks)
    if any(isinstance(outcome, ImageUnavailableError) for outcome in fetched.values()):
        services.label_studio.whoami()
        fetched |= _fetch_once(services, [task for task in tasks if _unanswered(fetched[task.id])])
        if any(_unanswered(outcome) for outcome in fetched.values()):
            services.label_studio.whoami()
    return fetched


def _fetch_once(services: Services, tasks: list[MirroredTask]) -> dict[int, _Fetched]:
    def one(task: MirroredTask) -> _Fetched:
        try:
            return services.images.fetch(task.image, task.id)
        except ImageUnavailableError as error:
            return error

    with ThreadPoolExecutor(FETCHERS) as pool:
        return dict(zip([task.id for task in tasks], pool.map(one, tasks), strict=True))


def _unanswered(outcome: _Fetched) -> bool:
    return isinstance(outcome, ImageUnavailableError) and isinstance(outcome.__cause__, RetryLaterError)
