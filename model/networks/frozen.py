"""A network's body as a backbone of the loop."""

import re

from model.backbone.backbone import Backbone, versioned
from model.networks.digest import digest
from model.networks.network import Network


def freeze(network: Network) -> Backbone:
    """What the loop needs to know of a network's body; the version changes with its weights."""
    # A version names folders.
    name = re.sub(r"[^\w.-]+", "-", network.name)
    return versioned(name, digest(network.body), network.input_size, network.mean, network.std, network.width)
