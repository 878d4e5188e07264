"""The fine-tuning's job on a real Redis and real images, without Label Studio: the loop's mirror is filled by hand."""

import base64
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend import settings
from backend.backbones import reembed, switch
from backend.finetune import collect, requests, training_set
from backend.finetune import train as training
from backend.finetune.job import Finetuner
from backend.images import batch
from backend.images.batch import Portions
from backend.images.fetcher import ImageFetcher
from backend.images.outcome import FetchProblem, Unavailable
from backend.label_studio import config
from backend.label_studio.client import ProjectState
from backend.loop import embed
from backend.project import Project
from backend.queue.jobs import JobKind
from backend.services import ProjectContext, Services
from backend.settings import Settings
from backend.store.labels import Annotation
from backend.store.records.finetuning import FinetunePhase, FinetuneRequest, Finetuning
from backend.store.records.mirror import PulledTask
from model import holdout
from model.backbone.backbone import Backbone, backbone
from model.networks import storage
from model.training.fit import TrainingResult
from scripts.stack.image_project import label_config
from tests.support.pictures import picture
from tests.support.poor_backbone import BASE, export_poor
from tests.support.stack import RunningRedis

pytestmark = pytest.mark.slow

CLASSES = ("circle", "square", "triangle", "hexagon")
TASKS = 120
LABELING = config.read(label_config(list(CLASSES)))
QUICK: dict[str, Any] = {"epochs": 2, "resolution": 32, "batch_size": 16}
GOOD = FinetuneRequest("cnn-small:8-8-8:3-3-3", options=QUICK)
POOR = FinetuneRequest("cnn-small:1-1-1:3-3-3", options={**QUICK, "epochs": 1, "rate": 1e-9})
NOBODY = "http://127.0.0.1:9"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def poor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_poor(tmp_path_factory.mktemp("poor"))


@pytest.fixture(scope="module")
def filled(poor: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a backend whose project 1 has labelled tasks with features of the poor backbone."""
    folder = tmp_path_factory.mktemp("filled")
    (folder / "backbones").mkdir()
    (folder / "backbones" / backbone(BASE).version).symlink_to(poor / backbone(BASE).version)
    made = Services(Settings(model_dir=folder, label_studio_url=NOBODY, device="cpu"))
    made.migrate()
    fill(ProjectContext(made.project(1), made))
    return folder


@contextmanager
def copied(source: Path, folder: Path, redis_url: str) -> Iterator[Services]:
    """A backend in a copy of another one's folder, whose jobs find it by the environment."""
    shutil.copytree(source, folder, symlinks=True)
    given = {"LABEL_STUDIO_URL": NOBODY, "REDIS_URL": redis_url, "MODEL_DIR": str(folder), "DEVICE": "cpu"}
    with pytest.MonkeyPatch.context() as patch:
        for name in Settings.model_fields:
            patch.delenv(name.upper(), raising=False)
        for name, value in given.items():
            patch.setenv(name, value)
        settings.load.cache_clear()
        yield Services(settings.load())
    settings.load.cache_clear()


@pytest.fixture(scope="module")
def fine_tuned(filled: Path, redis_server: RunningRedis, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of that backend after a fine-tuning that ended well."""
    folder = tmp_path_factory.mktemp("fine-tuned") / "data"
    with copied(filled, folder, redis_server.url) as services:
        context = ProjectContext(services.project(1), services)
        finetune(context)
        embed_all(context)
    return folder


@pytest.fixture
def services(request: pytest.FixtureRequest, tmp_path: Path, redis_url: str) -> Iterator[Services]:
    """A backend of the test's own; where the test takes `adopted`, after a fine-tuning."""
    source: Path = request.getfixturevalue("fine_tuned" if "adopted" in request.fixturenames else "filled")
    with copied(source, tmp_path / "data", redis_url) as made:
        yield made


@pytest.fixture
def context(services: Services) -> ProjectContext:
    return ProjectContext(services.project(1), services)


def fill(context: ProjectContext) -> None:
    """Labelled tasks as a sync leaves them, holdout tasks answered in their order; then embedded."""
    state = ProjectState("test", label_config(list(CLASSES)), "", "", TASKS, TASKS, 0)
    context.services.mirror.record_state(context.project, state, None)
    context.services.mirror.apply(
        context.project, [labelled(context.project, number) for number in range(1, TASKS + 1)]
    )
    embed_now(context, switch.following(context))


def embed_now(context: ProjectContext, backbone: Backbone) -> None:
    services = context.services
    embed.EmbedStage(context.project, services.mirror, services.image_embedder, backbone).run(seconds=60.0)


def labelled(project: Project, number: int) -> PulledTask:
    """A task and its annotation; holdout tasks are answered in the order of the holdout."""
    kind = number % len(CLASSES)
    data = base64.b64encode(picture(kind, number)).decode()
    answered = BEGIN + timedelta(hours=1 + holdout.hash_position(project.key, number))
    annotation = Annotation(number, number, CLASSES[kind], False, False, 1, answered, answered)
    return PulledTask(number, f"data:image/png;base64,{data}", BEGIN, answered, (annotation,))


def finetune(context: ProjectContext, request: FinetuneRequest = GOOD) -> Finetuning:
    """Order a fine-tuning and have the training worker's job done; how far it is then."""
    state = requests.begin(context, request)
    worker = Finetuner(context, state)
    worker.go()
    return worker.state


def embed_all(context: ProjectContext) -> int:
    """Do what workers do with the chunks until the backbone is adopted; how many chunks there were."""
    reembed.run(context.project.id)
    queue = context.services.queue.queues[JobKind.CHUNK]
    chunks = 0
    while queue.count:
        job = queue.pop_job_id()
        reembed.embed_chunk(*queue.job_class.fetch(job, connection=context.services.queue.redis).args)
        chunks += 1
    reembed.run(context.project.id)
    return chunks


def newest(context: ProjectContext) -> Finetuning:
    found = context.services.finetunings.newest(context.project)
    assert found is not None
    return found


@pytest.fixture
def adopted(context: ProjectContext) -> Finetuning:
    """The fine-tuning that ended well."""
    return newest(context)


def test_a_better_backbone_is_adopted_when_all_images_are_embedded_by_it(context: ProjectContext) -> None:
    state = finetune(context)
    assert state.phase is FinetunePhase.EMBEDDING, state.message
    assert state.verdict is not None
    assert state.verdict.won > state.verdict.lost
    assert switch.following(context) == context.services.backbones.base
    # The labelled ones were embedded to judge it.
    assert embed_all(context) == 0
    assert newest(context).phase is FinetunePhase.ADOPTED
    assert switch.following(context).version == state.backbone != context.services.backbones.base.version
    assert switch.left(context, switch.following(context)) == []
    assert context.services.queue.dirty_since(context.project) is not None


def test_tasks_without_a_label_are_embedded_in_chunks_by_any_worker(
    context: ProjectContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reembed, "CHUNK_TASKS", 8)
    more = [labelled(context.project, number) for number in range(TASKS + 1, TASKS + 21)]
    context.services.mirror.apply(context.project, [PulledTask(each.id, each.image, BEGIN, BEGIN, ()) for each in more])
    embed_now(context, switch.following(context))
    finetune(context)
    assert embed_all(context) == 3
    assert newest(context).phase is FinetunePhase.ADOPTED


def test_no_backbone_learns_from_the_random_holdout_or_from_what_judges_it(
    context: ProjectContext, adopted: Finetuning
) -> None:
    learned = json.loads((context.services.backbones.network(adopted.backbone) / "learned.json").read_text())
    data = context.services.datasets.read(context.project, LABELING, context.services.backbones.base)
    judging = (
        training_set.validation(context.project, data, context.services.settings.near_duplicate, ()) | data.in_holdout
    )
    assert judging.sum() > 20
    assert len(learned) > TASKS / 2
    assert set(data.task_ids[judging].tolist()) & {int(task) for task in learned} == set()


def test_a_worse_challenger_is_rejected(context: ProjectContext, adopted: Finetuning) -> None:
    state = finetune(context, POOR)
    assert state.phase is FinetunePhase.REJECTED, state.message
    assert state.verdict is not None
    assert state.verdict.lost >= state.verdict.won
    assert switch.following(context).version == adopted.backbone
    assert not context.services.backbones.is_ready(state.backbone)


def test_a_training_that_comes_to_the_same_costs_the_backbone_in_use_nothing(
    context: ProjectContext, adopted: Finetuning, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two trainings alike differ in their last bits where threads shared the work differently.
    same = TrainingResult(storage.load(context.services.backbones.network(adopted.backbone)), (), 1, 0.0)
    monkeypatch.setattr(training, "run", lambda *_: same)
    state = finetune(context, replace(GOOD, fresh=True))
    assert state.phase is FinetunePhase.REJECTED
    assert state.backbone == adopted.backbone
    assert switch.following(context).version == adopted.backbone
    assert context.services.backbones.is_ready(adopted.backbone)


def test_the_next_training_goes_on_from_the_last_one(context: ProjectContext, adopted: Finetuning) -> None:
    worker = Finetuner(context, requests.begin(context, GOOD))
    start = worker._start(LABELING)
    assert worker.state.warm_from == adopted.backbone
    assert start.before is not None
    assert start.before.folder == context.services.backbones.network(adopted.backbone)
    assert worker.state.epochs == start.epochs


def test_a_training_that_is_to_be_fresh_begins_with_the_weights_of_its_network(
    context: ProjectContext, adopted: Finetuning
) -> None:
    worker = Finetuner(context, requests.begin(context, replace(GOOD, fresh=True)))
    assert worker._start(LABELING).before is None


def test_the_backbone_of_before_comes_back(context: ProjectContext, adopted: Finetuning) -> None:
    assert requests.undo(context) is None
    assert newest(context).phase is FinetunePhase.UNDONE
    assert switch.following(context) == context.services.backbones.base


def test_a_project_changes_its_backbone_when_all_images_have_the_features_of_the_next(
    context: ProjectContext, adopted: Finetuning
) -> None:
    base = context.services.backbones.base
    assert switch.choose(context, base.version).current.version == adopted.backbone
    new = replace(labelled(context.project, TASKS + 1), annotations=())
    context.services.mirror.apply(context.project, [new])
    embed_now(context, base)
    changing = switch.choose(context, base.version)
    assert (changing.current, changing.following.version, changing.is_changing) == (base, adopted.backbone, True)
    assert switch.choose(context, None).current.version == adopted.backbone
    reembed.embed_chunk(context.project.id, adopted.backbone, [new.id])
    assert switch.choose(context, base.version).current.version == adopted.backbone


def test_a_project_does_not_wait_for_images_that_nobody_can_have(context: ProjectContext, adopted: Finetuning) -> None:
    context.services.mirror.record_images(context.project, {1: "0" * 64}, {1: "its host is gone"})
    assert switch.left(context, context.services.backbones.get(adopted.backbone)) == []


def test_a_project_whose_backbone_lost_its_export_does_not_stay_with_it(context: ProjectContext) -> None:
    assert switch.choose(context, "lost-00000000").current == context.services.backbones.base


def test_a_job_that_is_begun_again_repeats_no_epoch(context: ProjectContext, monkeypatch: pytest.MonkeyPatch) -> None:
    class PowerCut(BaseException):
        """Nothing catches it."""

    def cut(worker: Finetuner, *_: object) -> None:
        raise PowerCut

    state = requests.begin(context, GOOD)
    finish = Finetuner._finish_epoch
    with monkeypatch.context() as broken, pytest.raises(PowerCut):
        broken.setattr(Finetuner, "_finish_epoch", lambda *given: (finish(*given), cut(*given)))
        Finetuner(context, state).go()
    stopped = newest(context)
    assert stopped.phase is FinetunePhase.TRAINING
    assert len(stopped.history) == 1
    again = Finetuner(context, stopped)
    again.go()
    assert again.state.phase is FinetunePhase.EMBEDDING
    assert again.state.history[0] == stopped.history[0]
    assert [epoch.number for epoch in again.state.history] == [1, 2]


@pytest.mark.parametrize("place", ["collect", "train", "judge"])
def test_it_can_be_cancelled(context: ProjectContext, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    before: dict[str, Callable[..., Any]] = {
        "collect": Finetuner._collect, "train": Finetuner._train, "judge": Finetuner._judge
    }  # fmt: skip

    def cancel_first(worker: Finetuner, *given: Any) -> Any:
        assert requests.cancel(context) is None
        return before[place](worker, *given)

    monkeypatch.setattr(Finetuner, f"_{place}", cancel_first)
    state = finetune(context)
    assert state.phase is FinetunePhase.CANCELLED
    assert switch.following(context) == context.services.backbones.base
    home = context.services.finetunings.home(context.project, state)
    assert sorted(path.name for path in home.iterdir()) == ["cancel", "state.json"]


def test_images_that_were_not_asked_for_are_waited_for(
    context: ProjectContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rounds: list[int] = []
    fetch_all = batch.fetch_all

    def give_up_at_first(fetcher: ImageFetcher, addresses: Mapping[int, str], **more: float) -> Portions:
        rounds.append(len(addresses))
        if len(rounds) == 1:
            yield {task: Unavailable(FetchProblem.HOST_GIVEN_UP, "its host did not answer") for task in addresses}
        else:
            yield from fetch_all(fetcher, addresses, **more)

    monkeypatch.setattr(batch, "fetch_all", give_up_at_first)
    monkeypatch.setattr(collect, "PAUSES", (0.0,))
    data = context.services.datasets.read(context.project, LABELING, context.services.backbones.base)
    some = data.task_ids[:3]
    chosen = training_set.Chosen(some, data.targets[:3], CLASSES, np.zeros(3, dtype=bool))
    made = collect.run(context, chosen, 32, tmp_path / "images", lambda *_: None)
    assert rounds == [3, 3]
    assert len(made.images) == 3


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (FinetuneRequest("resnet-9000"), "resnet-9000"),
        (FinetuneRequest(options={"epochs": 0}), "epochs is 0"),
        (FinetuneRequest(options={"depth": 3}), "depth"),
    ],
)
def test_what_can_not_be_trained_is_refused_with_its_reason(
    context: ProjectContext, asked: FinetuneRequest, said: str
) -> None:
    state = finetune(context, asked)
    assert state.phase is FinetunePhase.REFUSED
    assert said in state.message


def test_too_few_labels_are_refused(context: ProjectContext) -> None:
    context.services.mirror.remove_tasks(context.project, range(25, TASKS + 1))
    state = finetune(context)
    assert state.phase is FinetunePhase.REFUSED
    assert "Too few labels to fine-tune" in state.message


def test_a_request_whose_backbone_lost_its_export_falls_back_on_the_base(
    context: ProjectContext, adopted: Finetuning
) -> None:
    context.services.backbones.remove(adopted.backbone)
    assert switch.following(context) == context.services.backbones.base
