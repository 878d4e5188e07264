"""A Label Studio of its own for the tests that kill it, on a folder that survives."""

import shutil
from collections.abc import Iterator
from dataclasses import replace

import pytest

from scripts.stack.label_studio import label_studio_spec
from scripts.stack.ports import choose_port
from scripts.stack.processes import LocalProcess
from tests.conftest import CACHE
from tests.support.label_studio import RunningLabelStudio


@pytest.fixture(scope="module")
def own_label_studio(
    label_studio: RunningLabelStudio, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningLabelStudio]:
    folder = tmp_path_factory.mktemp("own-label-studio")
    server = replace(
        label_studio.server, port=choose_port(18_480), data=folder / "data", documents=folder / "documents"
    )
    environment = CACHE / "label-studio-env"
    # The shared one has left its fresh database there: making one takes a minute.
    kept = CACHE / f"label-studio-data-{(environment / '.stamp').read_text()[:12]}"
    shutil.copytree(kept, server.data)
    process = LocalProcess(label_studio_spec(server, environment, folder / "label-studio.log"))
    process.start()
    process.wait_until_ready()
    yield RunningLabelStudio(server, process)
    process.stop()
