"""Features of the tasks in a `/predict`, without an export of the backbone."""

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.images.embed import EmbeddedImages, ImageEmbedder
from backend.label_studio.client import ProjectState
from backend.services import Services
from backend.settings import Settings
from backend.store.features import content_hash
from backend.store.mirror import Mirror
from backend.store.records.mirror import MirroredTask, PulledTask
from backend.transport import deadline
from backend.web.prediction.request_features import RequestFeatures
from model.backbone.backbone import backbone
from model.errors import DecodingError
from tests.support.pictures import picture
from tests.support.poor_backbone import BASE, export_poor

BACKBONE = backbone(BASE)
NOW = datetime(2026, 1, 2, tzinfo=UTC)
RESOLVED = base64.urlsafe_b64encode("s3://shots/кот.png".encode()).decode()


@pytest.fixture
def services(tmp_path: Path) -> Services:
    """Of a backend that has the feature of one picture, and no export to make another with."""
    with_export = Services(Settings(model_dir=tmp_path / "earlier", device="cpu"))
    with_export.migrate()
    (tmp_path / "earlier" / "backbones").symlink_to(export_poor(tmp_path / "exported"))
    with_export.image_embedder.embed_files(with_export.project(1), BACKBONE, {1: picture(0, 1)})
    (tmp_path / "now").mkdir()
    (tmp_path / "now" / "features").symlink_to(tmp_path / "earlier" / "features")
    made = Services(Settings(model_dir=tmp_path / "now", device="cpu"))
    made.migrate()
    return made


@pytest.fixture
def finder(services: Services) -> RequestFeatures:
    return RequestFeatures(services.mirror, services.features, services.images, services.image_embedder, seconds=9.0)


def data_uri(content: bytes) -> str:
    return f"data:;base64,{base64.b64encode(content).decode()}"


def test_an_image_whose_feature_is_stored_is_predicted_although_nothing_can_be_embedded(
    services: Services, finder: RequestFeatures
) -> None:
    addresses = {7: data_uri(picture(0, 1)), 8: data_uri(picture(1, 1))}
    assert finder.find(services.project(1), BACKBONE, addresses).keys() == {7}


@pytest.mark.fault("S2")
def test_a_machine_that_starts_no_further_process_costs_new_images_only(
    services: Services, finder: RequestFeatures, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> EmbeddedImages:
        raise DecodingError("no process can be started")

    monkeypatch.setattr(ImageEmbedder, "embed_files", refuse)
    addresses = {7: data_uri(picture(0, 1)), 8: data_uri(picture(1, 1))}
    assert finder.find(services.project(1), BACKBONE, addresses).keys() == {7}


@pytest.mark.fault("S1")
def test_reading_addresses_keeps_the_deadline_too(
    services: Services, finder: RequestFeatures, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[float | None] = []

    def showing(*_: object) -> list[MirroredTask]:
        left.append(deadline.timeout())
        return []

    monkeypatch.setattr(Mirror, "tasks_showing", showing)
    finder.find(services.project(1), BACKBONE, {7: data_uri(picture(0, 1))})
    assert [seconds is not None and seconds <= finder.seconds for seconds in left] == [True]


@pytest.mark.fault("R8")
def test_an_image_is_not_fetched_again_for_another_spelling_of_its_address(
    services: Services, finder: RequestFeatures
) -> None:
    spellings = {
        7: (f"http://labels.example.com/tasks/7/resolve/?fileuri={RESOLVED}", "s3://shots/кот.png"),
        8: ("/data/local-files/?d=a%20b.png", "http://localhost:8080/data/local-files/?d=a b.png"),
        9: ("/data/upload/1/a.png", "http://127.0.0.1:8080/data/upload/1/%61.png"),
    }
    project = services.project(1)
    services.mirror.record_state(project, ProjectState("t", "<View/>", "", "", 3, 0, 0), None)
    services.mirror.apply(project, [PulledTask(task, pulled, NOW, NOW, ()) for task, (pulled, _) in spellings.items()])
    services.mirror.record_images(project, dict.fromkeys(spellings, content_hash(picture(0, 1))), {})
    # Label Studio is away, so whatever has to be fetched is missing.
    asked = {task: asked for task, (_, asked) in spellings.items()}
    assert finder.find(project, BACKBONE, asked).keys() == spellings.keys()
