"""The registry, and what a backbone does to pixels."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from model.backbone.backbone import REGISTRY, backbone
from model.errors import InputError

LITE0 = backbone("efficientnet-lite0")


def test_the_default_backbone_takes_224_pixels_and_yields_1280_numbers() -> None:
    assert (LITE0.input_size, LITE0.width) == (224, 1280)
    assert LITE0.version.startswith("efficientnet-lite0-")


def test_an_unknown_backbone_is_refused_and_the_known_ones_named() -> None:
    with pytest.raises(InputError, match="efficientnet-lite0"):
        backbone("resnet-of-my-dreams")


def test_versions_are_told_apart() -> None:
    versions = [known.version for known in REGISTRY.values()]
    assert len(set(versions)) == len(versions)


def test_the_version_is_the_one_that_stored_features_name() -> None:
    # A change here makes every stored feature stale: change weights or preprocessing on purpose only.
    assert LITE0.version == "efficientnet-lite0-9a72f046"


@pytest.mark.parametrize("size", [(224, 224), (1, 1), (300, 200), (1, 999), (2000, 10)])
def test_any_size_becomes_a_square_of_float32(size: tuple[int, int]) -> None:
    planes = LITE0.preprocess(Image.new("RGB", size, (127, 255, 0)))
    assert (planes.shape, planes.dtype) == ((3, 224, 224), np.float32)
    assert planes.flags.c_contiguous
    np.testing.assert_allclose(planes[:, 0, 0], [0.0, 1.0, -127 / 128])


def test_the_image_is_not_cropped() -> None:
    image = Image.new("RGB", (600, 200), (0, 0, 0))
    image.paste((255, 255, 255), (0, 0, 60, 200))
    planes = LITE0.preprocess(image)
    assert planes[:, :, :20].min() == 1.0
    assert planes[:, :, 26:].max() < -0.9


def test_rows_stay_rows_and_red_stays_first() -> None:
    image = Image.new("RGB", (224, 224), (0, 0, 0))
    image.paste((255, 0, 0), (0, 0, 224, 112))
    planes = LITE0.preprocess(image)
    assert planes[0, 0, 200] == 1.0
    assert planes[0, 200, 0] == planes[1, 0, 200] == np.float32(-127 / 128)


def test_each_channel_has_its_own_mean_and_deviation() -> None:
    other = replace(LITE0, mean=(10.0, 20.0, 30.0), std=(1.0, 2.0, 4.0))
    np.testing.assert_allclose(other.preprocess(Image.new("RGB", (9, 9), (11, 24, 42)))[:, 5, 5], [1.0, 2.0, 3.0])


def test_other_modes_are_taken_as_they_look() -> None:
    transparent = Image.new("RGBA", (50, 50), (0, 0, 0, 0))
    assert LITE0.preprocess(transparent).min() == 1.0


def test_neither_the_registry_nor_serving_imports_torch() -> None:
    program = "import sys, model.backbone.backbone, model.backbone.embedder; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
