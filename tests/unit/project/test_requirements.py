"""requirements.txt holds what the lock holds, and can be installed by pip from any registry."""

import re
from pathlib import Path

import pytest

from scripts.dev import documentation


@pytest.fixture
def requirements(checkout: Path) -> str:
    return (checkout / "requirements.txt").read_text()


def test_it_says_what_the_lock_says(requirements: str, uv: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV", uv)
    assert requirements == documentation.requirements(), "run ./scripts/document"


def test_every_package_is_pinned_with_its_hashes(requirements: str) -> None:
    entries = re.split(r"\n(?=[a-z0-9])", requirements)[1:]
    assert len(entries) > 50
    assert [entry for entry in entries if not re.match(r"[^ ]+==[^ ]+( ;.*)? \\\n    --hash=sha256:", entry)] == []


def test_it_names_no_registry_and_no_machine(requirements: str) -> None:
    assert re.findall(r"https?://|file:|--(?:extra-)?index-url|--find-links|^-e|^\.|^/| /", requirements, re.M) == []


def test_what_installs_it_with_pip_says_no_deps(checkout: Path) -> None:
    users = {name: (checkout / name).read_text() for name in ("Dockerfile", "README.md", "requirements.txt")}
    lines = [line for text in users.values() for line in text.splitlines() if "pip install" in line]
    assert len(lines) == len(users)
    assert [line for line in lines if "--no-deps" not in line or "--require-hashes" not in line] == []
