"""Attach the backend to a project of Label Studio, idempotently, keeping a record of what was there before."""

from pathlib import Path

from scripts.connection.api import BackendAddress, LabelStudioApi
from scripts.connection.findings import Finding


def attach(label_studio: LabelStudioApi, project_id: int, backend: BackendAddress, records: Path) -> list[Finding]:
    """Connect the backend to a project: ML connection, one webhook with its header, uncertainty sampling.

    Args:
        label_studio: the Label Studio that holds the project.
        project_id: of an existing project.
        backend: as Label Studio must reach it; it must be running, for Label Studio calls it.
        records: folder of the records that `detach` puts things back from.

    Returns:
        One finding per thing set or found wrong; `has_errors` tells whether the project is attached.
    """
    raise NotImplementedError
