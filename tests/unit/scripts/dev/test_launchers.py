"""What is typed in a checkout: the launchers in `scripts/`, and their completion in a shell."""

import shutil

import pytest

from scripts.dev.launchers import launchers
from tests.unit.scripts.dev.conftest import Run

NAMES = [launcher.name for launcher in launchers()]


def completed_in_bash(run_there: Run, *words: str) -> list[str]:
    """What bash offers for the last of the words of a command line."""
    typed = " ".join(f"'{word}'" for word in words)
    code = f"""
        eval "$(./scripts/completion bash)"
        COMP_WORDS=({typed}) COMP_CWORD={len(words) - 1}
        function=$(complete -p {words[0]} | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        "$function" {words[0]}
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    ended = run_there("bash", "--norc", "-c", code)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.split()


@pytest.mark.parametrize("name", NAMES)
def test_help_names_the_launcher(name: str, run_there: Run) -> None:
    ended = run_there(f"./scripts/{name}", "--help")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith(f"Usage: ./scripts/{name} [OPTIONS]")


def test_a_wrong_option_ends_with_2_and_one_line(run_there: Run) -> None:
    ended = run_there("./scripts/connect", "--nonsense")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "error: No such option: --nonsense. See ./scripts/connect --help.\n"


def test_bash_completes_an_option(run_there: Run) -> None:
    assert completed_in_bash(run_there, "./scripts/connect", "--ch") == ["--check"]


def test_bash_completes_the_value_of_an_option(run_there: Run) -> None:
    assert completed_in_bash(run_there, "scripts/finetune", "--augment", "ra") == ["randaugment"]


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_takes_the_completion(run_there: Run) -> None:
    code = 'eval "$(./scripts/completion zsh)" && print ${_patcomps[(R)_label_loop_launcher]}'
    ended = run_there("zsh", "-f", "-c", code)
    assert (ended.returncode, ended.stdout) == (0, "_label_loop_launcher\n"), ended.stderr


def test_the_executable_of_the_images_completes_its_commands(run_there: Run) -> None:
    code = """
        printf '#!/bin/bash\\nexec ./.venv/bin/python -m scripts.cli "$@"\\n' > .venv/bin/label-loop
        chmod +x .venv/bin/label-loop
        PATH=$PWD/.venv/bin:$PATH
        eval "$(_LABEL_LOOP_COMPLETE=source_bash label-loop)"
        COMP_WORDS=(label-loop disc) COMP_CWORD=1
        _label_loop_completion label-loop
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    assert run_there("bash", "--norc", "-c", code).stdout == "disconnect\n"
