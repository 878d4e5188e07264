"""Take the backend off a project of Label Studio and put back what `attach` found."""

from pathlib import Path

from scripts.connection.api import LabelStudioApi
from scripts.connection.findings import Finding


def detach(label_studio: LabelStudioApi, project_id: int, backend_url: str, records: Path) -> list[Finding]:
    """Delete our webhook and ML connection; put sampling and `model_version` back from the record, if there is one."""
    raise NotImplementedError
