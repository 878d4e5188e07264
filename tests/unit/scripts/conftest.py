"""What tests of comparisons share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from model.backbone.backbone import backbone
from scripts.lab.backbones import ExportedBackbone
from scripts.lab.comparison import likeness


@pytest.fixture(scope="session")
def export_made_before(backbone_folder: Path) -> Iterator[None]:
    """Near-duplicates are looked for by the tests' one export of the backbone: another takes seconds."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(likeness, "exported", lambda *_: ExportedBackbone(backbone(likeness.BACKBONE), backbone_folder))
        yield
