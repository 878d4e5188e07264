"""The commands in scripts/ and what they install."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.stack.label_studio import REQUIREMENTS
from scripts.stack.surroundings import inherited

CHECKOUT = Path(__file__).parents[4]


def test_label_studio_is_pinned_with_hashes_and_names_no_registry() -> None:
    text = REQUIREMENTS.read_text()
    pins = re.findall(r"^[a-z0-9][^ ]*==", text, re.MULTILINE)
    assert "label-studio==1.23.2" in text
    assert len(re.findall(r"==[^\\]*\\\n    --hash=sha256:", text)) == len(pins)
    assert not re.search(r"https?://|file:|--(extra-)?index-url|--find-links", text)


def test_a_python_that_is_too_old_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    shutil.copy(CHECKOUT / "scripts" / "environment.sh", tmp_path / "scripts")
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "uv.lock").touch()
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "cat", "cksum", "dirname"):
        (programs / name).symlink_to(str(shutil.which(name)))
    old = programs / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.8.10" && exit\nexit 1\n')
    old.chmod(0o755)
    command = ["bash", "-c", f"source {tmp_path}/scripts/environment.sh"]
    environment = {"PATH": str(programs), "HOME": str(tmp_path)}
    ended = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    assert ended.returncode != 0
    assert "error: Python 3.11 or newer is needed; python3 here is Python 3.8.10." in ended.stderr


def test_a_child_gets_no_setting_of_ours_and_passes_proxies_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEL_STUDIO_HOST", "http://elsewhere")
    environment = inherited()
    assert "LABEL_STUDIO_HOST" not in environment
    assert "127.0.0.1" in environment["NO_PROXY"]
