"""What keeps the code in shape beside the static checks of `./scripts/test`."""

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import yaml


def test_the_web_process_starts_without_the_libraries_that_take_seconds_to_load(checkout: Path) -> None:
    slow = "{'torch', 'lightning', 'timm', 'sklearn', 'scipy', 'lancedb'}"
    code = f"import sys, backend.web.app; print(*sorted({slow} & set(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", code], cwd=checkout, check=True, capture_output=True, text=True)
    assert ended.stdout.split() == []


def test_pre_commit_downloads_nothing(checkout: Path) -> None:
    config = yaml.safe_load((checkout / ".pre-commit-config.yaml").read_text())
    assert [repository["repo"] for repository in config["repos"]] == ["local"]
    assert {hook["language"] for hook in config["repos"][0]["hooks"]} == {"system"}


def test_no_two_classes_share_a_name(checkout: Path) -> None:
    modules = (path for room in ("backend", "model", "scripts") for path in (checkout / room).rglob("*.py"))
    names = Counter(
        node.name
        for path in modules
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, times in names.items() if times > 1] == []
