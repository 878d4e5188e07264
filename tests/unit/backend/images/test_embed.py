"""From task images to stored features, by a real backbone in ONNX Runtime."""

import base64
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from backend.errors import RetryLaterError
from backend.images import batch, hosts
from backend.label_studio.client import ProjectState
from backend.loop import embed
from backend.services import Services
from backend.settings import Settings
from backend.store.records.mirror import MirroredTask, PulledTask
from model.backbone.backbone import backbone
from model.images.decoders import Decoders
from tests.support import hostile_host, hostile_images
from tests.support.pictures import picture
from tests.support.poor_backbone import BASE, export_poor
from tests.support.waiting import until
from tests.unit.backend.images.host import Host

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BACKBONE = backbone(BASE)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_poor(tmp_path_factory.mktemp("exported"))


@pytest.fixture
def services(exported: Path, label_studio: Host, tmp_path: Path) -> Services:
    """Of a backend that knows one project without tasks."""
    (tmp_path / "backbones").symlink_to(exported)
    made = Services(Settings(model_dir=tmp_path, label_studio_url=label_studio.url, device="cpu"))
    made.migrate()
    made.mirror.record_state(made.project(1), ProjectState("test", "", "", "", 0, 0, 0), None)
    return made


def add_tasks(services: Services, *addresses: str) -> list[MirroredTask]:
    """Tasks from 1 with these images."""
    pulled = [PulledTask(number, address, NOW, NOW, ()) for number, address in enumerate(addresses, start=1)]
    services.mirror.apply(services.project(1), pulled)
    return services.mirror.tasks(services.project(1))


def data_uri(content: bytes) -> str:
    return f"data:;base64,{base64.b64encode(content).decode()}"


def test_equal_images_are_embedded_once_whatever_their_addresses(services: Services) -> None:
    same = picture(0, 1)
    tasks = add_tasks(
        services, data_uri(same), data_uri(same).replace("data:", "data:image/png"), data_uri(picture(1, 1))
    )
    embedded = services.image_embedder.embed_tasks(services.project(1), BACKBONE, tasks)
    assert embedded.computed == 2
    np.testing.assert_array_equal(embedded.by_task[1], embedded.by_task[2])


def test_what_is_stored_is_not_embedded_again(services: Services) -> None:
    files = {1: picture(0, 1)}
    first = services.image_embedder.embed_files(services.project(1), BACKBONE, files)
    again = services.image_embedder.embed_files(services.project(1), BACKBONE, files)
    assert (first.computed, again.computed) == (1, 0)
    np.testing.assert_array_equal(first.by_task[1].astype(np.float16), again.by_task[1])


def test_the_mirror_knows_what_became_of_each_image(services: Services) -> None:
    tasks = add_tasks(services, data_uri(picture(0, 1)), data_uri(b"no image"), "/404.png")
    services.image_embedder.embed_tasks(services.project(1), BACKBONE, tasks)
    good, broken, missing = services.mirror.tasks(services.project(1))
    assert good.content_hash is not None
    assert good.image_problem is None
    assert "not an image" in (broken.image_problem or "")
    assert "404" in (missing.image_problem or "")


def test_an_outage_of_label_studio_leaves_the_mirror_as_it_is(services: Services, label_studio: Host) -> None:
    tasks = add_tasks(services, "/a.png")
    label_studio.is_down = True
    with pytest.raises(RetryLaterError):
        services.image_embedder.embed_tasks(services.project(1), BACKBONE, tasks)
    assert services.mirror.tasks(services.project(1))[0].image_problem is None


def test_without_an_export_nothing_can_be_embedded_yet(services: Services) -> None:
    with pytest.raises(RetryLaterError):
        services.image_embedder.embed_files(services.project(1), backbone("efficientnet-lite1"), {1: picture(0, 1)})


@pytest.mark.fault("S2")
def test_an_image_that_was_refused_is_not_decoded_again_by_another_task_run_or_process(services: Services) -> None:
    files = {1: b"%!PS-Adobe-3.0 EPSF-3.0", 2: picture(0, 1)}
    first = services.image_embedder.embed_files(services.project(1), BACKBONE, files)
    other = Services(services.settings)
    with patch.object(Decoders, "decode_each", side_effect=AssertionError("decoded again")):
        again = other.image_embedder.embed_files(other.project(2), BACKBONE, {7: files[1]})
    assert (first.problems[1], first.problems.keys()) == (again.problems[7], {1})


@pytest.mark.fault("S2")
def test_an_image_that_was_refused_is_tried_again_once_a_limit_is_raised(services: Services) -> None:
    files = {1: picture(0, 1)}
    strict = Services(services.settings.model_copy(update={"image_max_pixels": 10}))
    assert strict.image_embedder.embed_files(services.project(1), BACKBONE, files).problems.keys() == {1}
    assert services.image_embedder.embed_files(services.project(1), BACKBONE, files).problems == {}


def test_an_image_that_there_was_no_time_for_is_not_held_against(services: Services) -> None:
    files = {1: picture(0, 1)}
    late = services.image_embedder.embed_files(services.project(1), BACKBONE, files, deadline=time.monotonic() - 1)
    assert (late.undecided, late.problems) == ({1}, {})
    assert services.image_embedder.embed_files(services.project(1), BACKBONE, files).hashes.keys() == {1}


@pytest.mark.fault("S2")
def test_while_one_project_s_hostile_image_is_decoded_another_s_are_embedded(services: Services) -> None:
    done = threading.Event()

    def embed_hostile() -> None:
        services.image_embedder.embed_files(
            services.project(1), BACKBONE, {1: hostile_images.progressive_jpeg()}, deadline=time.monotonic() + 20
        )
        done.set()

    threading.Thread(target=embed_hostile, daemon=True).start()
    until(lambda: services.decoders._in_use.total() == 1, "the hostile image is being decoded")
    assert services.image_embedder.embed_files(services.project(2), BACKBONE, {2: picture(0, 1)}).computed == 1
    assert not done.is_set()
    services.decoders.close()


@pytest.mark.fault("S1")
def test_a_host_that_drips_delays_a_run_by_its_own_deadline_and_keeps_no_other_image_away(
    services: Services, tmp_path: Path, label_studio: Host
) -> None:
    settings = Settings(
        model_dir=tmp_path,
        label_studio_url=label_studio.url,
        device="cpu",
        image_fetch_seconds=0.5,
        image_allow_private="127.0.0.0/8",
    )
    hurried = Services(settings)
    with hostile_host.serving(hostile_host.drip(b"x", before=b"HTTP/1.1 200 OK\r\n\r\n")) as host:
        add_tasks(hurried, *[f"{host.url}/{number}.png" for number in range(300)], data_uri(picture(0, 1)))
        project = hurried.project(1)
        done = embed.EmbedStage(project, hurried.mirror, hurried.image_embedder, BACKBONE).run(seconds=60.0)
        assert (done.images, done.left) == (1, 0)
        assert host.connections <= 2 * batch.THREADS
    reasons = [task.image_problem or "" for task in hurried.mirror.tasks(project)]
    assert all(reasons[:-1])
    assert "did not answer for other images" in reasons[-2]


@pytest.mark.fault("S1")
def test_an_image_that_was_not_asked_for_is_tried_again_by_the_next_run(services: Services) -> None:
    tasks = add_tasks(services, "http://127.0.0.1:9/a.png", "ftp://127.0.0.1/a.png")
    for number in range(hosts.FAILURES):
        services.images.hosts.failed("127.0.0.1:9", "silence", f"http://127.0.0.1:9/{number}.png")
    services.image_embedder.embed_tasks(services.project(1), BACKBONE, tasks)
    unasked, refused = services.mirror.tasks(services.project(1))
    assert "did not answer for other images" in (unasked.image_problem or "")
    assert refused.image_problem is not None
    assert services.mirror.tasks_to_embed(services.project(1), embed.NEVER) == [unasked]
