"""Features of the tasks in a `/predict`, without an export of the backbone."""

import base64
from pathlib import Path

import pytest

from backend.services import Services
from backend.settings import Settings
from backend.web.request_features import RequestFeatures
from model.backbone.backbone import backbone
from tests.support.pictures import picture
from tests.support.poor_backbone import BASE, export_poor

BACKBONE = backbone(BASE)


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


def data_uri(content: bytes) -> str:
    return f"data:;base64,{base64.b64encode(content).decode()}"


def test_an_image_whose_feature_is_stored_is_predicted_although_nothing_can_be_embedded(services: Services) -> None:
    finder = RequestFeatures(services.mirror, services.features, services.images, services.image_embedder, seconds=9.0)
    addresses = {7: data_uri(picture(0, 1)), 8: data_uri(picture(1, 1))}
    assert finder.find(services.project(1), BACKBONE, addresses).keys() == {7}
