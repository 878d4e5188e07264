"""Every model of timm: `timm:<its name there>`."""

from pathlib import Path
from typing import Any

import timm

from model.backbone.backbone import PRETRAINED
from model.errors import InputError
from model.networks.network import Parts
from model.networks.splitting import blocks_of
from model.networks.weights import NONE, from_file, load, missing

PREFIX = "timm:"


def parts(name: str, weights: str, input_size: int | None) -> Parts:
    """See `model.networks.families.parts`."""
    body = _body(name, pretrained=weights == PRETRAINED)
    config = body.pretrained_cfg
    side = input_size or config["input_size"][-1]
    if weights not in (NONE, PRETRAINED):
        classifier = config["classifier"]
        heads = (classifier,) if isinstance(classifier, str) else tuple(classifier)
        load(body, from_file(Path(weights)), name, without=tuple(f"{head}." for head in heads))
    if side != config["input_size"][-1] and hasattr(body, "set_input_size"):
        body.set_input_size(img_size=side)
    red, green, blue = (255.0 * value for value in config["mean"])
    red_std, green_std, blue_std = (255.0 * value for value in config["std"])
    return Parts(
        name=name,
        body=body,
        input_size=side,
        mean=(red, green, blue),
        std=(red_std, green_std, blue_std),
        width=body.head_hidden_size,
        blocks=blocks_of(body),
        pretrained=weights != NONE,
    )


def _body(name: str, *, pretrained: bool) -> Any:
    known = name.removeprefix(PREFIX)
    if not timm.is_model(known):
        raise InputError(f"timm {timm.__version__} has no model {known!r}. Its names: timm.list_models().")
    try:
        return timm.create_model(known, pretrained=pretrained, num_classes=0)
    # The hub's client raises errors of its own, of its HTTP library's and of the system's.
    except Exception as error:
        if not pretrained:
            raise
        config = timm.get_pretrained_cfg(known)
        hub = f"https://huggingface.co/{config.hf_hub_id}" if config and config.hf_hub_id else "timm's hub"
        remedy = f"Fetch model.safetensors from {hub} where there is a network"
        raise missing(name, str(error), remedy) from error
