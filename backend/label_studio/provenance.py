"""Provenance of annotations: whether a person looked at the task, or nobody did.

What tells them apart was read off Label Studio 1.23.2, by making each kind:

| made by | `updated_by` | `lead_time` | also |
|---|---|---|---|
| a person, on the page | that person | seconds | |
| an import of tasks with annotations | null | null, or what the import says | `ground_truth` unless the import says otherwise; `completed_by` who imports; `import_id` where the import gave an `id` |
| *Create annotations from predictions* | null | null | `parent_prediction` |
| *Propagate annotations* | null | null | `parent_annotation` |
| the API, by a script | the token's user | what the script says | |

Whatever a person does to an annotation later, on the page or through the API, sets `updated_by` and moves `updated_at`:
another choice, *Update* without one (which sets `lead_time`, too), a star for ground truth (which does not). *Rename
labels* in the Data Manager changes the choice and moves nothing. Where an account was deleted, both `completed_by` and
`updated_by` of its annotations are null.
"""  # noqa: E501 - a table's rows can't be broken

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from backend.label_studio import automatic, fields


class Provenance(StrEnum):
    """Where an annotation comes from.

    Attributes:
        PERSON: somebody made it or changed it since.
        IMPORTED: it came with an import of tasks, and nobody touched it since.
        UNSEEN: Label Studio made it of a prediction or of another task's annotation; nobody looked at the task.
        AUTOMATIC: an auto-labelling of ours made it, and nobody touched it since.
    """

    PERSON = "person"
    IMPORTED = "imported"
    UNSEEN = "unseen"
    AUTOMATIC = "automatic"


def provenance(annotation: Mapping[str, Any]) -> Provenance:
    """Where an annotation comes from, as Label Studio's API shows it."""
    if automatic.is_automatic(annotation):
        return Provenance.AUTOMATIC
    touched_by = annotation.get("updated_by")
    worked_on = bool(fields.seconds(annotation.get("lead_time")))
    untouched = fields.is_untouched(annotation)
    copied = annotation.get("parent_prediction") is not None
    if touched_by is None:
        copied = copied or annotation.get("parent_annotation") is not None
    if copied and untouched and not worked_on:
        return Provenance.UNSEEN
    imported = touched_by is None and untouched and annotation.get("completed_by") is not None
    return Provenance.IMPORTED if imported else Provenance.PERSON
