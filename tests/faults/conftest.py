"""A Label Studio of its own for the tests that kill it, on a folder that survives; set up as anybody's is."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from scripts.stack.label_studio import label_studio_spec
from scripts.stack.ports import choose_port
from scripts.stack.processes import LocalProcess
from tests.support.label_studio import KillableLabelStudio, RunningLabelStudio
from tests.support.shared import ENVIRONMENT, restore_data


@pytest.fixture(scope="module")
def own_label_studio(
    label_studio: RunningLabelStudio, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KillableLabelStudio]:
    folder = tmp_path_factory.mktemp("own-label-studio")
    server = replace(
        label_studio.server, port=choose_port(18_480), data=folder / "data", documents=folder / "documents"
    )
    restore_data(server.data)  # The shared one has kept its fresh database.
    process = LocalProcess(label_studio_spec(server, ENVIRONMENT, folder / "label-studio.log"))
    process.start()
    process.wait_until_ready()
    yield KillableLabelStudio(server, process=process)
    process.stop()
