"""What a head knows of a class stays when the classes change."""

import pytest
import torch

from model.errors import InputError
from model.networks.carrying import carry_over
from model.networks.network import Network
from tests.unit.model.networks.tiny import SIDE, tiny

CLASSES = ("ant", "bee", "cat", "dog")


@pytest.fixture
def network() -> Network:
    return tiny(CLASSES)


def probabilities(network: Network) -> dict[str, torch.Tensor]:
    """Of two images, by the name of the class."""
    images = torch.linspace(-1, 1, 2 * 3 * SIDE * SIDE).view(2, 3, SIDE, SIDE)
    with torch.inference_mode():
        return dict(zip(network.classes, network(images).softmax(dim=1).T, strict=True))


def test_a_class_keeps_its_row_wherever_it_stands_now(network: Network) -> None:
    carried = carry_over(network, ("dog", "cat", "bee", "ant"))
    before, after = probabilities(network), probabilities(carried)
    for name in CLASSES:
        torch.testing.assert_close(after[name], before[name])


def test_of_the_classes_that_are_left_none_gains_on_another(network: Network) -> None:
    before, after = probabilities(network), probabilities(carry_over(network, ("dog", "ant")))
    torch.testing.assert_close(after["dog"] / after["ant"], before["dog"] / before["ant"])


def test_an_added_class_changes_nothing_between_the_old_ones(network: Network) -> None:
    before, after = probabilities(network), probabilities(carry_over(network, (*CLASSES[:2], "new", *CLASSES[2:])))
    torch.testing.assert_close(after["cat"] / after["bee"], before["cat"] / before["bee"])


def test_a_renamed_class_keeps_its_row(network: Network) -> None:
    carried = carry_over(network, ("ant", "bee", "kitten", "dog"), {"cat": "kitten"})
    torch.testing.assert_close(probabilities(carried)["kitten"], probabilities(network)["cat"])


def test_merged_classes_are_about_as_probable_as_they_were_together() -> None:
    network = tiny(CLASSES)
    with torch.no_grad():
        network.head.weight[1] = network.head.weight[0]
        network.head.bias[1] = network.head.bias[0]
    carried = carry_over(network, ("insect", "cat", "dog"), {"ant": "insect", "bee": "insect"})
    before = probabilities(network)
    torch.testing.assert_close(probabilities(carried)["insect"], before["ant"] + before["bee"])


def test_the_old_network_stays_as_it_was(network: Network) -> None:
    before = probabilities(network)
    carry_over(network, ("dog", "new"))
    torch.testing.assert_close(probabilities(network), before)


@pytest.mark.parametrize("renamed", [{"cow": "dog"}, {"dog": "cow"}])
def test_renaming_what_is_not_there_is_refused(network: Network, renamed: dict[str, str]) -> None:
    with pytest.raises(InputError, match="cow"):
        carry_over(network, CLASSES, renamed)
