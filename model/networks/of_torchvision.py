"""Every classification model of torchvision, by its own name."""

from pathlib import Path
from typing import Any

import torch
import torchvision
from torchvision.models import VisionTransformer
from torchvision.models.vision_transformer import interpolate_embeddings

from model.backbone.backbone import PRETRAINED, Channels
from model.errors import InputError
from model.networks.network import Parts
from model.networks.splitting import blocks_of, cut_head
from model.networks.weights import NONE, State, from_file, from_hub, load

# These two have a second classifier for training from scratch, and normalise a second time in a way of their own.
WITH_AUXILIARY = {
    "inception_v3": {"aux_logits": False, "transform_input": True, "init_weights": False},
    "googlenet": {"aux_logits": False, "transform_input": True, "init_weights": False},
}
AUXILIARY = ("AuxLogits.", "aux1.", "aux2.")


def parts(name: str, weights: str, input_size: int | None) -> Parts:
    """See `model.networks.families.parts`."""
    if name not in torchvision.models.list_models(module=torchvision.models):
        raise InputError(
            f"There is no network {name!r}: no folder of this name, and no model of torchvision. Choose for example "
            "efficientnet-lite0, resnet50, timm:vit_small_patch14_dinov2.lvd142m or cnn-small."
        )
    published = torchvision.models.get_model_weights(name).DEFAULT
    preset = published.transforms()
    side = input_size or preset.crop_size[0]
    body = torchvision.models.get_model(name, weights=None, **_arguments(name, side, preset.crop_size[0]))
    head, width = cut_head(body)
    if weights != NONE:
        state = from_hub(published.url, name) if weights == PRETRAINED else from_file(Path(weights))
        load(body, _fitted(state, body, side), name, without=(head, *AUXILIARY))
    return Parts(
        name=name,
        body=body,
        input_size=side,
        mean=_in_pixels(preset.mean),
        std=_in_pixels(preset.std),
        width=width,
        blocks=blocks_of(body),
        pretrained=weights != NONE,
    )


def _arguments(name: str, side: int, usual: int) -> dict[str, Any]:
    if name.startswith("vit_"):
        return {"image_size": side}
    if name == "maxvit_t" and side != usual:
        return {"input_size": (side, side)}
    return WITH_AUXILIARY.get(name, {})


def _fitted(state: State, body: torch.nn.Module, side: int) -> State:
    """A vision transformer knows the places of an image of one size: they are spread over another."""
    if not isinstance(body, VisionTransformer):
        return state
    fitted: State = interpolate_embeddings(side, body.patch_size, state)
    return fitted


def _in_pixels(values: list[float]) -> Channels:
    red, green, blue = (255.0 * value for value in values)
    return red, green, blue
