"""Which backbone a project is worked on with, and how it changes without a gap.

A project keeps its backbone until all images have the next one's features. The next one is another that the settings
name, one that a fine-tuning has made, or the one before that again. What is left is read off the feature store, never
kept: after a kill the next look finds the same.
"""

from collections.abc import Collection
from dataclasses import dataclass

from backend.services import ProjectContext
from backend.store.records.mirror import MirroredTask
from model.backbone.backbone import Backbone

FINETUNED_KEPT = 2
"""Fine-tuned backbones of a project that are kept: the one that is used, and the one to go back to."""


@dataclass(frozen=True)
class BackboneChoice:
    """A project's backbones.

    Attributes:
        current: what the next version is made with.
        following: what the project is to have; the same one, unless there are images without its features.
    """

    current: Backbone
    following: Backbone

    @property
    def is_changing(self) -> bool:
        """Whether the features of the following one are still to be made."""
        return self.current.version != self.following.version


def choose(context: ProjectContext, used: str | None) -> BackboneChoice:
    """Which backbone the project is worked on with now, and which it is to have.

    Args:
        context: the project, and the services to work on it with.
        used: version of the one that the active version was made with, see `VersionStore.active_backbone`; None where
            no version is active.

    Raises:
        RetryLaterError: the settings' backbone is not exported yet.
        ModelError: an export is broken.
    """
    backbones = context.services.backbones
    next_one = following(context)
    if used is None or used == next_one.version or not backbones.is_ready(used) or not left(context, next_one):
        return BackboneChoice(next_one, next_one)
    return BackboneChoice(backbones.get(used), next_one)


def current(context: ProjectContext) -> Backbone:
    """The backbone that the project is worked on with now: `choose`, for whoever has not loaded the active version.

    Raises:
        RetryLaterError: the settings' backbone is not exported yet.
        ModelError: an export is broken.
    """
    return choose(context, context.services.versions.active_backbone(context.project)).current


def following(context: ProjectContext) -> Backbone:
    """The backbone that the project is to have: the settings' one, or one fine-tuned from it.

    Raises:
        RetryLaterError: the settings' backbone is not exported yet.
        ModelError: an export is broken.
    """
    backbones = context.services.backbones
    base = backbones.base
    adopted = context.services.finetunings.adopted(context.project, base.version)
    return base if adopted is None or not backbones.is_ready(adopted) else backbones.get(adopted)


def left(context: ProjectContext, backbone: Backbone) -> list[MirroredTask]:
    """Tasks without a feature of this backbone, but for those whose image can't be had."""
    tasks = [
        task
        for task in context.services.mirror.tasks(context.project)
        if task.content_hash is not None and task.image_problem is None
    ]
    stored = context.services.features.stored(backbone, {task.content_hash or "" for task in tasks})
    return [task for task in tasks if task.content_hash not in stored]


def forget(context: ProjectContext, versions: Collection[str]) -> None:
    """Remove fine-tuned backbones and all of their features, but for those that the project may yet use.

    Args:
        context: the project, and the services to work on it with.
        versions: of the backbones.
    """
    services = context.services
    base = services.backbones.base.version
    adopted = services.finetunings.all_adopted(context.project, base)[-FINETUNED_KEPT:]
    for version in set(versions) - {"", base, *(each.backbone for each in adopted)}:
        services.backbones.remove(version)
        services.features.forget(version)
