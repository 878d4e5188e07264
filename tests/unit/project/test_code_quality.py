"""The tools that keep the code in shape pass, as the pre-commit hooks run them."""

import subprocess
import sys
from pathlib import Path

import yaml

BIN = Path(sys.executable).parent


def run(checkout: Path, *command: str) -> subprocess.CompletedProcess[str]:
    tool, *arguments = command
    return subprocess.run([BIN / tool, *arguments], cwd=checkout, check=False, capture_output=True, text=True)


def test_ruff_finds_nothing(checkout: Path) -> None:
    ended = run(checkout, "ruff", "check", ".")
    assert ended.returncode == 0, ended.stdout


def test_every_file_is_formatted(checkout: Path) -> None:
    ended = run(checkout, "ruff", "format", "--check", ".")
    assert ended.returncode == 0, ended.stdout


def test_all_code_is_typed_strictly(checkout: Path) -> None:
    ended = run(checkout, "mypy")
    assert ended.returncode == 0, ended.stdout


def test_imports_go_in_their_directions(checkout: Path) -> None:
    ended = run(checkout, "lint-imports", "--no-logo")
    assert ended.returncode == 0, ended.stdout


def test_the_web_process_starts_without_the_libraries_that_take_seconds_to_load(checkout: Path) -> None:
    slow = "{'torch', 'lightning', 'timm', 'sklearn', 'scipy', 'lancedb'}"
    code = f"import sys, backend.web.app; print(*sorted({slow} & set(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", code], cwd=checkout, check=True, capture_output=True, text=True)
    assert ended.stdout.split() == []


def test_pre_commit_downloads_nothing(checkout: Path) -> None:
    config = yaml.safe_load((checkout / ".pre-commit-config.yaml").read_text())
    assert [repository["repo"] for repository in config["repos"]] == ["local"]
    assert {hook["language"] for hook in config["repos"][0]["hooks"]} == {"system"}
