"""One training worker to a device."""

from pathlib import Path

import pytest

from backend.errors import OperatorError
from backend.finetune import devices


@pytest.fixture(autouse=True)
def locks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(devices.tempfile, "gettempdir", lambda: str(tmp_path))


@pytest.fixture
def two_gpus(tmp_path: Path) -> Path:
    """The driver's files as they are with two GPUs, the second and the fourth of the machine."""
    folder = tmp_path / "dev"
    folder.mkdir()
    for name in ("nvidia1", "nvidia3", "nvidiactl", "nvidia-uvm"):
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("device", "visible", "found"),
    [
        ("auto", "", ["cuda:0", "cuda:1"]),
        ("cuda", "1", ["cuda:1"]),
        ("auto", "1, 0", ["cuda:1", "cuda:0"]),
        ("cpu", "", ["cpu"]),
    ],
)
def test_gpus_are_numbered_as_cuda_does(two_gpus: Path, device: str, visible: str, found: list[str]) -> None:
    assert devices.devices(device, visible, two_gpus) == found


@pytest.mark.parametrize(("device", "found"), [("auto", ["cpu"]), ("cuda", []), ("cpu", ["cpu"])])
def test_without_a_gpu_the_processor_is_used_unless_a_gpu_is_demanded(
    tmp_path: Path, device: str, found: list[str]
) -> None:
    assert devices.devices(device, "", tmp_path) == found


def test_a_device_is_claimed_once_and_given_back() -> None:
    with devices.claimed("cpu", "") as device:
        assert device == "cpu"
        with pytest.raises(OperatorError, match=r"nothing left to train on \(cpu\)"), devices.claimed("cpu", ""):
            pass
    with devices.claimed("cpu", "") as device:
        assert device == "cpu"
