"""An installation of an earlier commit goes on: its files, its database, its Redis, and the jobs that wait there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rq.job import Job
from rq.registry import FailedJobRegistry

from backend.label_studio import config
from backend.queue.jobs import JobKind, drop_former_queues
from backend.services import Services
from backend.store.autolabelings import AutolabelPhase
from backend.store.finetunings import FinetunePhase
from scripts.stack.backend import trainer_spec
from scripts.stack.processes import LocalProcess
from tests.support.label_studio import RunningLabelStudio
from tests.support.project import LabelledProject
from tests.support.stack import RunningStack, start_redis
from tests.support.waiting import until
from tests.upgrade.recording import Recording, ports_alone, restore, running_label_studio, running_web

PROJECTS = ("audited", "applied")


@pytest.fixture
def recording(tmp_path: Path, backbone_folder: Path) -> Iterator[Recording]:
    running = start_redis(tmp_path / "redis")
    yield restore(tmp_path / "restored", running, backbone_folder)
    running.process.stop()


@pytest.fixture
def services(recording: Recording) -> Services:
    made = Services(recording.settings)
    made.migrate()
    return made


@pytest.mark.parametrize("name", PROJECTS)
def test_versions_are_listed_and_loaded(name: str, recording: Recording, services: Services) -> None:
    project, told = services.project(recording.answers[name]), recording.answers[f"{name} project"]
    active = services.versions.active(project)
    assert active is not None
    assert (active.name, active.backbone) == (
        told["active version"],
        told["version"][active.name]["settings"]["backbone"],
    )
    loaded = {each: services.versions.load(project, each) for each in services.versions.names(project)}
    assert {each: len(version.task_ids) for each, version in loaded.items()} == {
        each: made_of["queue"] for each, made_of in told["version"].items()
    }
    assert all(version.insight is not None for version in loaded.values())
    history = services.versions.history(project, most=50)
    assert [each.name for each in history] == [each["version"] for each in told["insight"]["history"]]


@pytest.mark.parametrize("name", PROJECTS)
def test_labels_and_features_are_read(name: str, recording: Recording, services: Services) -> None:
    project, told = services.project(recording.answers[name]), recording.answers[f"{name} project"]
    mirrored = services.mirror.project(project)
    assert mirrored is not None
    labeling = config.read(mirrored.label_config)
    data = services.datasets.read(project, labeling, services.backbones.base)
    assert data.task_ids.tolist() == sorted(map(int, told["classes"]))
    assert data.features.shape == (len(data.task_ids), services.backbones.base.width)
    labels = {str(task): label.choice for task, label in data.labels.items()}
    assert labels == told["labels"][told["active version"]]


def test_autolabellings_and_their_orders_are_read(recording: Recording, services: Services) -> None:
    audited, applied = (services.project(recording.answers[name]) for name in PROJECTS)
    store = services.autolabelings
    (under_audit,) = store.all(audited)
    assert under_audit.phase is AutolabelPhase.AUDITING
    told = recording.answers["audited project"]["autolabel"]
    assert [each.task for each in under_audit.audit] == told["audit"]["tasks"]
    (written,) = store.all(applied)
    assert written.phase is AutolabelPhase.APPLIED
    assert [command.action for command in store.commands(applied)] == ["undo"]
    assert store.certificate(applied, written.name) is not None


def test_finetunings_are_read(recording: Recording, services: Services) -> None:
    audited, applied = (services.project(recording.answers[name]) for name in PROJECTS)
    assert [each.phase for each in services.finetunings.all(audited)] == [FinetunePhase.WAITING]
    worse, better = services.finetunings.all(applied)
    assert (worse.phase, better.phase) == (FinetunePhase.REJECTED, FinetunePhase.EMBEDDING)
    assert worse.verdict is not None
    assert services.backbones.get(better.backbone).width == 128


def test_what_waits_for_mlflow_and_what_was_counted_is_read(recording: Recording, services: Services) -> None:
    waiting = services.outbox.waiting()
    assert [services.outbox.read(item).name for item in waiting] == recording.answers["tracked"]
    assert services.queue.counters().by_name() == recording.answers["counters"]


def test_jobs_that_an_earlier_release_pickled_are_dropped(services: Services) -> None:
    queue = services.queue
    assert drop_former_queues(queue.redis, queue.keys) == len(JobKind)
    assert all(each.count == 0 for each in queue.queues.values())


class Upgraded:
    """The installation at work under the new code.

    Attributes:
        answers: of the new web process before any worker had done anything.
    """

    def __init__(self, recording: Recording, stack: RunningStack) -> None:
        self.recording, self.stack = recording, stack
        self.services = Services(recording.settings)
        self.answers = {name: self._answers(recording.answers[name]) for name in PROJECTS}

    def project(self, name: str) -> LabelledProject:
        return self.recording.project(name)

    def status(self, name: str, about: str) -> dict[str, Any]:
        """What the web process answers about a project now."""
        return self._get(f"api/projects/{self.recording.answers[name]}/{about}")

    def is_idle(self) -> bool:
        """Whether no job waits, and none is worked on."""
        queues = self.services.queue.queues.values()
        return not any(queue.count or queue.started_job_registry.count for queue in queues)

    def log(self) -> str:
        trainer = self.stack.folder / "trainer.log"
        return f"{self.stack.log_tail()}\n{trainer.read_text()[-2000:]}"

    def _answers(self, number: int) -> dict[str, Any]:
        versions = self._get("versions", project=number)
        about = {each: self._get(f"api/projects/{number}/{each}") for each in ("insight", "autolabel", "finetune")}
        made_of = {each: self.stack.version(number, each) for each in versions["versions"]}
        return {"versions": versions, "version": made_of, **about}

    def _get(self, path: str, **parameters: int) -> dict[str, Any]:
        answer: dict[str, Any] = self.stack.call("GET", f"/{path}", params=parameters).json()
        return answer


@pytest.fixture(scope="module")
def upgraded(
    label_studio: RunningLabelStudio, backbone_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Upgraded]:
    """The new web process, asked what the old one was asked; then the workers, until nothing waits any more."""
    folder = tmp_path_factory.mktemp("upgrade")
    redis = start_redis(folder / "redis")
    recording = restore(folder / "restored", redis, backbone_folder)
    with ports_alone(), running_label_studio(recording) as own, running_web(recording, own) as stack:
        made = Upgraded(recording, stack)
        trainer = LocalProcess(trainer_spec(stack.server, stack.folder / "trainer.log"))
        for process in (stack.worker, trainer):
            process.start()
        try:
            for process in (stack.worker, trainer):
                process.wait_until_ready()
            until(made.is_idle, "the queue to be empty", more=made.log)
            yield made
        finally:
            trainer.kill()
    redis.process.stop()


def _reason(job: Job | None) -> str | None:
    """The end of a failed job's traceback."""
    result = job.latest_result() if job is not None else None
    return None if result is None else result.exc_string


def _known_to(told: Any, tells: Any) -> Any:
    """An answer without what the earlier release did not tell: that a newer one tells more is no change."""
    if not (isinstance(told, dict) and isinstance(tells, dict)):
        return tells
    return {key: _known_to(told[key], value) for key, value in tells.items() if key in told}


@pytest.mark.parametrize("name", PROJECTS)
def test_the_web_process_answers_as_before(name: str, upgraded: Upgraded) -> None:
    told, tells = upgraded.recording.answers[f"{name} project"], upgraded.answers[name]
    for about in ("versions", "version", "insight", "autolabel"):
        assert _known_to(told[about], tells[about]) == told[about], about


def test_no_job_fails(upgraded: Upgraded) -> None:
    until(lambda: upgraded.status("audited", "finetune")["phase"] != "waiting", "the training", more=upgraded.log)
    failed = {
        kind: [_reason(job) for job in map(queue.fetch_job, FailedJobRegistry(queue=queue).get_job_ids())]
        for kind, queue in upgraded.services.queue.queues.items()
    }
    assert failed == {kind: [] for kind in JobKind}


def test_the_label_that_nobody_had_learned_from_makes_a_version(upgraded: Upgraded) -> None:
    project, before = upgraded.project("audited"), upgraded.recording.answers["audited project"]
    version = project.wait_for_version(upgraded.stack, not_version=before["active version"])
    labels = upgraded.stack.labels_of(project.id, version)
    known = {int(task): choice for task, choice in before["labels"][before["active version"]].items()}
    assert labels == known | {project.of_class("circle")[3]: "circle"}


def test_what_was_labelled_automatically_is_taken_back(upgraded: Upgraded) -> None:
    until(lambda: upgraded.status("applied", "autolabel")["phase"] == "undone", "the undoing", more=upgraded.log)


def test_a_change_of_backbone_goes_on_to_its_end(upgraded: Upgraded) -> None:
    until(lambda: upgraded.status("applied", "finetune")["phase"] == "adopted", "the change", more=upgraded.log)
    project, adopted = upgraded.project("applied"), upgraded.status("applied", "finetune")["used"]

    def backbone() -> str:
        version = upgraded.stack.version(project.id, project.active_version())
        return "" if version is None else str(version["settings"]["backbone"])

    until(lambda: backbone() == adopted, f"a version with {adopted}", more=upgraded.log)
    assert adopted.startswith("cnn-small")
