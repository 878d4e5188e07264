"""All of a project's images by a backbone that it is about to use: RQ jobs, in chunks over the workers.

The loop goes on meanwhile with the backbone that it has. What is left is read off the feature store, never kept: a
chunk that got lost is found by the next look.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

from backend import logs
from backend.backbones import switch
from backend.job import project_job
from backend.queue.jobs import JobKind
from backend.queue.lease import LeaseKind
from backend.services import ProjectContext
from backend.store.records.finetuning import FinetunePhase, Finetuning
from backend.store.records.mirror import MirroredTask
from model.backbone.backbone import Backbone

CHUNK_TASKS, CHUNK_SECONDS = 64, 5.0
"""A second on a CPU, where their host is fast: a run of the loop waits for no more than is begun in so many seconds."""

log = logs.get()


def run(project_id: int) -> None:
    """RQ job: have workers embed what is left; where nothing is, the backbone is used from the next version on."""
    with project_job(JobKind.EMBED, project_id) as job:
        project, services = job.project, job.services
        if services.queue.embedding(project):
            return
        _change_over(job)
        with job.lease(0, LeaseKind.FINETUNING) as lease:
            state = services.finetunings.open(project)
            if lease is not None and state is not None and state.phase is FinetunePhase.EMBEDDING:
                _go_on(job, state)


def embed_chunk(project_id: int, backbone_version: str, task_ids: Sequence[int]) -> None:
    """RQ job: embed some tasks; the last one has the next look at the project asked for."""
    with project_job(JobKind.CHUNK, project_id) as job:
        project, services = job.project, job.services
        with services.queue.chunk(project):
            tasks, backbone = services.mirror.tasks(project, task_ids), services.backbones.get(backbone_version)
            until = time.monotonic() + CHUNK_SECONDS
            done = services.image_embedder.embed_tasks(project, backbone, tasks, until)
        # Where nothing came of it, the next poll looks again: a host may be away.
        if done.hashes and not services.queue.embedding(project):
            services.queue.enqueue(JobKind.EMBED, project)


def _change_over(context: ProjectContext) -> None:
    """Towards the backbone that the project is to have, where its active version has another."""
    used, following = context.services.versions.active_backbone(context.project), switch.following(context)
    if used is None or used == following.version:
        return
    tasks = switch.left(context, following)
    log.info("backbone changes", used=used, following=following.version, left=len(tasks))
    _enqueue(context, following, tasks)
    if not tasks:
        context.services.queue.hint(context.project)


def _go_on(context: ProjectContext, state: Finetuning) -> None:
    project, store = context.project, context.services.finetunings
    if store.is_cancelled(project, state):
        store.save(
            project, replace(state, phase=FinetunePhase.CANCELLED, message="Cancelled; the backbone in use stays.")
        )
        return
    backbone = context.services.backbones.get(state.backbone)
    tasks = switch.left(context, backbone)
    total = max(state.total, len(tasks))
    message = f"{backbone.version} is promoted; all images are embedded by it before it is used."
    store.save(project, replace(state, done=total - len(tasks), total=total, message=message))
    if not tasks:
        _adopt(context, replace(state, done=total, total=total))
        return
    _enqueue(context, backbone, tasks)


def _enqueue(context: ProjectContext, backbone: Backbone, tasks: Sequence[MirroredTask]) -> None:
    for start in range(0, len(tasks), CHUNK_TASKS):
        ids = [task.id for task in tasks[start : start + CHUNK_TASKS]]
        context.services.queue.enqueue_chunk(context.project, backbone.version, ids)


def _adopt(context: ProjectContext, state: Finetuning) -> None:
    """Have the next version made with the backbone: that version's publication is the switch."""
    project, services = context.project, context.services
    message = f"{state.backbone} is adopted: from the next version on, predictions come from it."
    services.finetunings.save(project, replace(state, phase=FinetunePhase.ADOPTED, message=message))
    log.info("backbone adopted", backbone=state.backbone)
    services.queue.hint(project)
    switch.forget(context, {each.backbone for each in services.finetunings.all(project)})
