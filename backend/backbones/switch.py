"""A project changes its backbone without a gap: it keeps the old one until all images have the new one's features.

The next one is another that the settings name, one that a fine-tuning has made, or the one before that again. What is
left is read off the feature store, never kept: after a kill the next look finds the same.
"""

from backend.project import Project
from backend.services import Services
from backend.store.mirror import MirroredTask
from backend.store.versions import Version
from model.backbone.backbone import Backbone


def in_use(project: Project, services: Services, active: Version | None, following: Backbone) -> Backbone:
    """The backbone that the project is worked on with now.

    Args:
        active: version of the project.
        following: what the project is to have: `Services.backbone_of`.

    Raises:
        ModelError: the export of the active version's backbone is broken.
    """
    if active is None or active.backbone == following.version or not services.backbones.is_ready(active.backbone):
        return following
    return services.backbones.get(active.backbone) if left(project, services, following) else following


def left(project: Project, services: Services, backbone: Backbone) -> list[MirroredTask]:
    """Tasks without a feature of this backbone, but for those whose image can't be had."""
    tasks = [
        task for task in services.mirror.tasks(project) if task.content_hash is not None and task.image_problem is None
    ]
    stored = services.features.stored(backbone, {task.content_hash or "" for task in tasks})
    return [task for task in tasks if task.content_hash not in stored]
