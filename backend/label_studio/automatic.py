"""Annotations that no person made: how they are marked in Label Studio, and told from what people made of them.

The mark is in the region's `meta`. In Label Studio 1.23 it comes back from the API and the export as it was sent, and
the labelling page keeps it, also in a copy that somebody makes of the annotation. What the page always changes is the
time that was worked on the annotation: an automatic one has none.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from backend.label_studio import fields
from backend.label_studio.config import Region

MARK = "label_loop"
_NAMESPACE = uuid.UUID("6c6f6f70-6c61-5265-8c6c-6162656c6564")


def mark(regions: Sequence[Region], certificate: str, certified: bool) -> list[Region]:
    """Regions of a prediction as an automatic annotation carries them.

    Args:
        regions: of the annotation, as Label Studio takes them.
        certificate: id of the auto-labelling that they belong to.
        certified: whether it proved anything.
    """
    said = f"automatic, {'certificate' if certified else 'UNCERTIFIED'} {certificate}"
    meta = {"text": [said], MARK: {"certificate": certificate, "certified": certified}}
    return [
        {**region, "id": f"auto-{number}", "origin": "prediction", "meta": meta}
        for number, region in enumerate(regions, 1)
    ]


def unique_id(certificate: str, task: int) -> str:
    """The `unique_id` of a task's automatic annotation: Label Studio refuses a second one (409)."""
    return str(uuid.uuid5(_NAMESPACE, f"{certificate}/{task}"))


def marked(annotation: Mapping[str, Any]) -> str | None:
    """Id of the auto-labelling that an annotation comes from, whoever changed or copied it since; None for none."""
    for region in fields.regions(annotation.get("result")):
        meta = region.get("meta")
        details = meta.get(MARK) if isinstance(meta, dict) else None
        if isinstance(details, dict) and isinstance(details.get("certificate"), str):
            return str(details["certificate"])
    return None


def was_just_made(annotation: Mapping[str, Any]) -> bool:
    """Whether a new annotation is an automatic one, and not somebody's copy of one."""
    return marked(annotation) is not None and not annotation.get("lead_time")


def is_automatic(annotation: Mapping[str, Any]) -> bool:
    """Whether an annotation is automatic and still as it was made.

    Somebody who changes it, confirms it with *Update*, copies it or marks it as ground truth makes it a person's.
    """
    return was_just_made(annotation) and not annotation.get("was_cancelled") and fields.is_untouched(annotation)
