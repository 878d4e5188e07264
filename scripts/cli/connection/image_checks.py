"""Whether the backend can use a project's images: some of every kind of address, fetched as it fetches them."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from urllib.parse import SplitResult, urlsplit

from backend.causes.images import cause_of_reason
from backend.causes.kinds import EXPLANATIONS, CauseKind
from backend.errors import LabelLoopError
from backend.images.addresses import CLOUD_SCHEMES, LOCAL_FILES
from backend.images.fetcher import ImageFetcher
from backend.images.hosts import Hosts
from backend.images.outcome import Unavailable
from backend.label_studio import config
from backend.label_studio.config import Labeling
from backend.services import Services
from backend.settings import Settings
from backend.store.pulled import read_tasks
from backend.store.records.mirror import PulledTask
from model.errors import ImageError, ModelError
from model.images.decoders import Decoders
from scripts.cli.connection.api import Json, LabelStudioApi
from scripts.cli.connection.findings import Finding, error, ok, warning
from scripts.cli.progress import progress, tracked

SAMPLES = 5
"""Images of each kind of address that are tried: the first, the last, and some between them."""

UPLOADS = "/data/upload/"
MOST_KINDS = 40

_OF_A_STORAGE = frozenset(
    {
        CauseKind.NOT_FOUND,
        CauseKind.NOT_ALLOWED,
        CauseKind.REQUEST_REFUSED,
        CauseKind.GATEWAY,
        CauseKind.SERVER_ERROR,
        CauseKind.OTHER,
    }
)
"""What Label Studio answers where one of its storages lacks a file, or is lacking itself."""

THREADS = 8
SIDE = 224


@dataclass
class AddressKind:
    """Addresses of one kind: of one host, bucket or way of Label Studio's, with one ending.

    Attributes:
        name: for people.
        count: tasks with such an address.
        tasks: some of them, spread over all.
    """

    name: str
    count: int = 0
    tasks: list[PulledTask] = field(default_factory=list)
    _every: int = 1

    def add(self, task: PulledTask) -> None:
        """Count a task, and keep it if its turn has come: at last, every n-th is kept."""
        if self.count % self._every == 0:
            self.tasks.append(task)
            if len(self.tasks) >= 2 * SAMPLES:
                self.tasks = self.tasks[::2]
                self._every *= 2
        self.count += 1

    @property
    def samples(self) -> list[PulledTask]:
        """At most `SAMPLES` of them, the first among them."""
        step = max(1, -(-len(self.tasks) // SAMPLES))
        return self.tasks[::step]


def images(label_studio: LabelStudioApi, project: Json, settings: Settings) -> list[Finding]:
    """Some images of every kind of address in a project.

    Args:
        label_studio: that holds the project.
        project: as Label Studio's API shows it.
        settings: of the backend: its limits, and where it may fetch from.
    """
    try:
        labeling = config.read(project["label_config"])
    except LabelLoopError:
        return [warning("No image was tried.", "Mend the label config first.")]
    given = {"label_studio_url": label_studio.url, "label_studio_api_key": label_studio.token}
    services = Services(settings.model_copy(update=given))
    kinds = kinds_of(_tasks(services, project, labeling))
    if not kinds:
        return [warning("No image was tried: the project has no tasks.", "Import images, then run connect --check.")]
    try:
        return _tried(services, kinds, str(labeling.image))
    finally:
        services.decoders.close()


def _tasks(services: Services, project: Json, labeling: Labeling) -> Iterator[PulledTask]:
    """All tasks of a project, as the backend reads them."""
    listed = services.label_studio.all_tasks(int(project["id"]))
    total = int(project.get("task_number") or 0)
    for task in tracked(listed, "tasks", total, "task", kept=False):
        yield from read_tasks([task], labeling, annotated=False)


def kinds_of(tasks: Iterable[PulledTask]) -> list[AddressKind]:
    """The kinds of addresses that tasks have, the most frequent first."""
    kinds: dict[str, AddressKind] = {}
    for task in tasks:
        name = name_of(task.image)
        kinds.setdefault(name, AddressKind(name)).add(task)
    return sorted(kinds.values(), key=lambda kind: (-kind.count, kind.name))


def name_of(address: str) -> str:
    """What an address is one of, in words: where it leads, and its file's ending.

    Args:
        address: as the task holds it; empty where it holds none.
    """
    address = address.strip()
    if not address:
        return "tasks without an address"
    try:
        parts = urlsplit(address)
    except ValueError:
        return "malformed addresses"
    if parts.scheme.lower() == "data":
        return f"{address.partition(',')[0].partition(';')[0][:40]} addresses"
    is_local = LOCAL_FILES in parts.path
    return _place(parts, is_local) + _ending(parts.query if is_local else parts.path)


def _place(parts: SplitResult, is_local: bool) -> str:
    """Where an address leads: to a bucket, a host, or a way of Label Studio's."""
    scheme = parts.scheme.lower()
    if scheme in CLOUD_SCHEMES:
        return f"{scheme}://{parts.netloc}"
    if is_local:
        return f"{parts.netloc}{LOCAL_FILES}"
    if UPLOADS in parts.path:
        return f"{parts.netloc}{UPLOADS}"
    if parts.netloc:
        return f"{scheme}://{parts.netloc.rpartition('@')[2]}"
    return "paths of Label Studio" if parts.path.startswith("/") else "other texts"


def _ending(path: str) -> str:
    """A file's ending, as it is written in a pattern; empty where there is none."""
    suffix = PurePosixPath(path).suffix.lower()
    return f" *{suffix}" if 1 < len(suffix) <= 6 and suffix[1:].isalnum() else ""


def _tried(services: Services, kinds: list[AddressKind], key: str) -> list[Finding]:
    # Hosts that the backend has given up are asked all the same; that is noted in its Redis, which need not be here.
    fetcher = replace(services.images, hosts=Hosts())
    findings = []
    with progress("images", min(len(kinds), MOST_KINDS), "kind of address", kept=False) as bar:
        for kind in kinds[:MOST_KINDS]:
            findings.append(_of_kind(fetcher, services.decoders, kind, key))
            bar.advance()
    if kinds[MOST_KINDS:]:
        left = sum(kind.count for kind in kinds[MOST_KINDS:])
        findings.append(
            warning(
                f"{len(kinds) - MOST_KINDS} more kinds of addresses, of {left:,} tasks, were not tried.",
                "See the backend's /health, which counts all images that can't be used.",
            )
        )
    return findings


def _of_kind(fetcher: ImageFetcher, decoders: Decoders, kind: AddressKind, key: str) -> Finding:
    samples = kind.samples
    with ThreadPoolExecutor(THREADS) as pool:
        reasons = list(pool.map(lambda task: _why_not(fetcher, decoders, task), samples))
    failed = [(task, reason) for task, reason in zip(samples, reasons, strict=True) if reason]
    named = f"{kind.name} ({kind.count:,} {'task' if kind.count == 1 else 'tasks'})"
    if not failed:
        return ok(f"Images of {named} can be used: {len(samples)} tried.")
    task, reason = failed[0]
    cause = cause_of_reason(reason)
    said = reason if cause is CauseKind.OTHER else f"{EXPLANATIONS[cause].meaning}: {reason}"
    of_key = f" in {key}" if not task.image else ""
    return error(
        f"Images of {named} can't be used, {len(failed)} of {len(samples)} tried; task {task.id}{of_key}: "
        f"{said} [{cause}]",
        _mend(task.image, cause),
    )


def _why_not(fetcher: ImageFetcher, decoders: Decoders, task: PulledTask) -> str:
    """Why a task's image can't be used; empty where it can."""
    content = fetcher.fetch(task.image, task.id)
    if isinstance(content, Unavailable):
        return content.reason
    try:
        decoders.decode(content, SIDE)
    except (ImageError, ModelError) as problem:
        return f"{task.image[:120]}: {problem}"
    return ""


def _mend(address: str, cause: CauseKind) -> str:
    """What to do about an address that gives no image."""
    if cause in _OF_A_STORAGE:
        if LOCAL_FILES in address:
            return (
                "Add a Local Files storage under Settings > Cloud Storage whose path is the image's folder, and start "
                "Label Studio with LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED and LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT."
            )
        if address.partition("://")[0].lower() in CLOUD_SCHEMES:
            return "Add the bucket as a source under Settings > Cloud Storage, with credentials that may read it."
        if UPLOADS in address:
            return "Import the file again: Label Studio has lost it, or it belongs to a project that is gone."
    return EXPLANATIONS[cause].mend
