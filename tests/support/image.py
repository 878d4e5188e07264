"""A container image as far as it can be had without a container engine.

The files that the Dockerfile copies into one of its targets, and an interpreter with the packages that it installs
there, and no others.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

Instruction = tuple[str, str]
"""A word in capitals, and the rest of its line."""


@dataclass(frozen=True)
class Stage:
    """A part of the Dockerfile that begins with FROM.

    Attributes:
        base: the stage or the image that it goes on from.
        instructions: its own, in their order.
    """

    base: str
    instructions: tuple[Instruction, ...]


class Dockerfile:
    """The stages of a Dockerfile."""

    def __init__(self, text: str) -> None:
        stages: dict[str, tuple[str, list[Instruction]]] = {}
        for word, rest in _instructions(text):
            if word == "FROM":
                base, _, name = rest.partition(" AS ")
                stages[name] = (base, own := [])
            elif stages:
                own.append((word, rest))
        self.stages = {name: Stage(base, tuple(found)) for name, (base, found) in stages.items()}

    def instructions(self, target: str) -> list[Instruction]:
        """All that makes a target, those of the stages before it included."""
        stage = self.stages.get(target)
        return [] if stage is None else [*self.instructions(stage.base), *stage.instructions]

    def all_of(self, target: str, word: str) -> list[str]:
        """What follows one word in all that makes a target."""
        return [rest for each, rest in self.instructions(target) if each == word]

    def environment(self, target: str) -> dict[str, str]:
        """The variables that a target sets."""
        return dict(re.findall(r"(\w+)=(\S+)", " ".join(self.all_of(target, "ENV"))))

    def requirements(self, target: str) -> str:
        """The file that a target's packages are installed from; none may come from elsewhere."""
        (install,) = [line for line in self.all_of(target, "RUN") if re.search(r"\bpip3? install\b", line)]
        match = re.fullmatch(r".* --require-hashes --no-deps --requirement (\S+)", install)
        assert match is not None, install
        return match[1]

    def lay_out(self, target: str, context: Path, root: Path, made: Mapping[str, Path]) -> None:
        """Copy what a target's COPY instructions copy.

        Args:
            target: a stage.
            context: what the builder is given.
            root: becomes the image's root.
            made: folders of an image that its RUN instructions make, and what is taken for them.
        """
        workdir = PurePosixPath("/")
        for word, rest in self.instructions(target):
            if word == "WORKDIR":
                workdir = workdir / rest
            elif word == "COPY":
                *options, source, place = rest.split()
                to = within(root, str(workdir / place))
                if not options:
                    _copy(context / source, to, place)
                    continue
                stage = options[0].removeprefix("--from=")
                assert stage in self.stages, rest
                if source in made:
                    _copy(made[source], to, place)
                else:
                    self.lay_out(stage, context, to, made)
                    assert source == "/", f"{rest}: only a whole stage is laid out here"


@dataclass(frozen=True)
class Image:
    """A target that was laid out.

    Attributes:
        root: what is / in a container.
        python: the interpreter, with the target's packages and no others.
        environment: all variables of a process that is started there.
        workdir: where it is started.
    """

    root: Path
    python: Path
    environment: Mapping[str, str]
    workdir: Path

    def start(self, *command: str, **variables: str) -> "subprocess.Popen[str]":
        """Start a command as in a container of this image; its standard error goes to its standard output."""
        environment = {**self.environment, **variables}
        program = shutil.which(command[0], path=environment["PATH"])
        assert program is not None, f"{command[0]} is not on the image's PATH"
        return subprocess.Popen(
            [program, *command[1:]],
            cwd=self.workdir,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *command: str, **variables: str) -> tuple[int, str]:
        """Run a command to its end: its status, and what it wrote."""
        process = self.start(*command, **variables)
        try:
            written, _ = process.communicate(timeout=120)
        finally:
            process.kill()
        return process.returncode, written


def context(checkout: Path, folder: Path) -> Path:
    """What the builder is given of the checkout, as .dockerignore says: nothing but what is let through by name."""
    lines = (checkout / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    hidden = [rule.removeprefix("**/") for rule in rules[1:] if not rule.startswith("!")]
    for rule in rules:
        if rule.startswith("!"):
            _copy(checkout / rule[1:], folder / rule[1:], rule, shutil.ignore_patterns(*hidden))
    return folder


def interpreter(requirements: Path, folder: Path, uv: str) -> Path:
    """An interpreter with exactly these packages, made where it is not there yet.

    Args:
        requirements: with hashes.
        folder: its environment.
        uv: how uv is called. It links the packages from its cache, which a checkout's own environment has filled.
    """
    python, complete = folder / "bin" / "python", folder / "complete"
    if not complete.exists():
        shutil.rmtree(folder, ignore_errors=True)
        environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
        install = [uv, "pip", "install", "--quiet", "--python", str(python), "--require-hashes", "--no-deps"]
        for command in [[uv, "venv", "--quiet", str(folder)], [*install, "--requirement", str(requirements)]]:
            subprocess.run(command, check=True, env=environment)
        complete.touch()
    return python


def within(root: Path, place: str) -> Path:
    """A place of an image in the folder that is its root."""
    return root / place.lstrip("/")


def exec_form(text: str) -> list[str]:
    """The command of a CMD or HEALTHCHECK in its exec form."""
    command: list[str] = json.loads(text[text.index("[") :])
    return command


def _instructions(text: str) -> Iterator[Instruction]:
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for line in lines.replace("\\\n", "").splitlines():
        if line.strip():
            word, _, rest = line.partition(" ")
            yield word.upper(), rest.strip()


def _copy(source: Path, to: Path, place: str, ignore: object = None) -> None:
    to = to / source.name if place.endswith("/") and source.is_file() else to
    to.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, to, dirs_exist_ok=True, ignore=ignore)  # type: ignore[arg-type]
    else:
        shutil.copy(source, to)
