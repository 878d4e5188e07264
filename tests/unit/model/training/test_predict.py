"""Logits of images, a batch at a time."""

import numpy as np
import pytest
import torch

from model.errors import InputError
from model.training.predict import BATCH, logits
from tests.unit.model.networks.tiny import SIDE, tiny
from tests.unit.model.training.conftest import Data


def test_logits_are_those_of_the_normalised_images(data: Data) -> None:
    network = tiny()
    with torch.inference_mode():
        expected = network((torch.from_numpy(data.images).float() - 127.5) / 127.5).numpy()
    found = logits(network, data.images)
    assert found.dtype == np.float32
    assert len(data.images) > BATCH
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_dropout_is_off_while_predicting(data: Data) -> None:
    network = tiny().train()
    network.dropout.p = 0.5
    np.testing.assert_array_equal(logits(network, data.images), logits(network, data.images))


def test_a_larger_image_is_seen_as_the_same_one(data: Data) -> None:
    enlarged = np.repeat(np.repeat(data.images, 2, axis=2), 2, axis=3)
    assert enlarged.shape[-1] == 2 * SIDE
    np.testing.assert_allclose(logits(tiny(), enlarged), logits(tiny(), data.images), atol=0.05)


def test_no_images_are_refused() -> None:
    with pytest.raises(InputError, match="no images"):
        logits(tiny(), np.empty((0, 3, SIDE, SIDE), dtype=np.uint8))
