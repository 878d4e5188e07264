"""The images of the Dockerfile: whatever the documentation has people run in a container runs there.

No container engine is needed. What the Dockerfile copies into a target is laid out in a folder, the packages that it
installs there, and no others, get an environment, and the commands run from the one with the other.
"""

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from filelock import FileLock

from backend.settings import Settings
from model.backbone.backbone import backbone
from scripts.stack.ports import choose_port
from tests.conftest import BACKBONE
from tests.support.image import Dockerfile, Image, context, exec_form, interpreter, within
from tests.support.shared import CACHE
from tests.support.waiting import until

OURS = ("backend", "worker", "worker-gpu", "trainer", "export")
COMMANDS = ("connect", "disconnect", "autolabel", "finetune")
SHIPPED = "/opt/backbones"
# Loaded only when there is work for it.
LOADED_LATER = {
    "service": ["backend.plugin", "backend.tracker", "backend._wsgi", "label_studio_sdk.label_interface"],
    "training": [
        "backend.tracker",
        "backend.backbones.export",
        "backend.backbones.reembed",
        "backend.finetune.job",
        "model.networks.torch_embedder",
    ],
}
# A variable that no process may need, so that a test on a machine with services of its own doesn't reach them.
NOWHERE = {"REDIS_URL": "redis://127.0.0.1:9", "LABEL_STUDIO_URL": "http://127.0.0.1:9"}


@pytest.fixture(scope="module")
def dockerfile(checkout: Path) -> Dockerfile:
    return Dockerfile((checkout / "Dockerfile").read_text())


@pytest.fixture(scope="module")
def services(checkout: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((checkout / "docker-compose.yml").read_text())["services"]
    return {name: found[name] for name in OURS}


@pytest.fixture(scope="module")
def image(
    checkout: Path, dockerfile: Dockerfile, uv: str, backbones: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Image]:
    """A target's files and packages, and the variables that it sets."""
    given = context(checkout, tmp_path_factory.mktemp("context"))
    made: dict[str, Image] = {}

    def laid_out(target: str) -> Image:
        if target not in made:
            root = tmp_path_factory.mktemp(target)
            exported = root.parent / f"{root.name}-exported"
            shutil.copytree(backbones / backbone(BACKBONE).version, exported / BACKBONE)
            dockerfile.lay_out(target, given, root, {SHIPPED: exported})
            made[target] = Image(root, _python(checkout, dockerfile, target, uv), {}, within(root, "/app"))
            made[target] = _with_environment(made[target], dockerfile.environment(target))
        return made[target]

    return laid_out


def _python(checkout: Path, dockerfile: Dockerfile, target: str, uv: str) -> Path:
    requirements = checkout / dockerfile.requirements(target)
    name = f"image-{target}-env-"
    folder = CACHE / f"{name}{hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]}"
    CACHE.mkdir(exist_ok=True)
    with FileLock(CACHE / f"image-{target}-env.lock"):
        for older in set(CACHE.glob(f"{name}*")) - {folder}:
            shutil.rmtree(older)
        return interpreter(requirements, folder, uv)


def _with_environment(image: Image, said: dict[str, str]) -> Image:
    """The target's variables with its folders where they are here; bytecode is kept, as pip keeps it in the image."""
    places = {name: str(within(image.root, value)) for name, value in said.items() if value.startswith("/")}
    path = [str(image.python.parent), str(within(image.root, "/usr/local/bin")), "/usr/bin", "/bin"]
    environment = {**said, **places, "PATH": ":".join(path), "HOME": str(image.root), **NOWHERE}
    environment.pop("PYTHONDONTWRITEBYTECODE")
    return Image(image.root, image.python, environment, image.workdir)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["service", "training"])
def test_every_process_is_there_with_all_that_it_imports(
    target: str, image: Callable[[str], Image], services: dict[str, dict[str, Any]]
) -> None:
    commands = [service.get("command", []) for service in services.values() if service["build"]["target"] == target]
    modules = [command[2] for command in commands if command]
    assert modules
    names = sorted({*modules, *LOADED_LATER[target]})
    code = f"import {', '.join(names)}, importlib.util as it; print(bool(it.find_spec('torch')), backend.__file__)"
    status, written = image(target).run("python", "-c", code)
    assert status == 0, written
    file = image(target).root / "app" / "backend" / "__init__.py"
    assert written.splitlines()[-1] == f"{target == 'training'} {file}"


@pytest.mark.slow
def test_the_web_process_starts_and_is_healthy(
    dockerfile: Dockerfile, image: Callable[[str], Image], redis_url: str, tmp_path: Path
) -> None:
    variables = {"PORT": str(choose_port(19_090)), "MODEL_DIR": str(tmp_path), "REDIS_URL": redis_url}
    service = image("service")
    ask = exec_form(dockerfile.all_of("service", "HEALTHCHECK")[-1])
    process = service.start(*exec_form(dockerfile.all_of("service", "CMD")[-1]), **variables)
    try:
        until(lambda: service.run(*ask, **variables)[0] == 0, "the image's health check")
    finally:
        _end(process)


@pytest.mark.slow
@pytest.mark.fault("R17")
# The same files are in both.
@pytest.mark.parametrize(
    ("target", "command"), [("service", []), *(("service", [name]) for name in COMMANDS), ("training", ["connect"])]
)
def test_every_command_says_what_it_takes(target: str, command: list[str], image: Callable[[str], Image]) -> None:
    status, written = image(target).run("label-loop", *command, "--help")
    assert status == 0, written
    assert ("--project" in written) == bool(command)


@pytest.mark.slow
def test_what_the_documentation_runs_in_a_container_runs_there(
    checkout: Path, image: Callable[[str], Image], services: dict[str, dict[str, Any]]
) -> None:
    texts = [checkout / "README.md", checkout / "docker-compose.yml", *sorted((checkout / "docs").rglob("*.md"))]
    said = {
        (match[1], match[2].strip())
        for text in texts
        for match in re.finditer(r"docker compose (?:exec|run --rm) ([\w-]+)([^\n`#]*)", text.read_text())
    }
    assert {name for name, _ in said} == {"backend", "export"}
    for name, command in sorted(said):
        if not command:
            continue
        # Not done, only understood: --help is the last of its options.
        status, written = image(services[name]["build"]["target"]).run(*command.replace("…", "").split(), "--help")
        assert status == 0, f"{command}: {written}"


@pytest.mark.slow
def test_the_default_backbone_is_in_the_image_and_a_worker_begins_with_it(
    dockerfile: Dockerfile, image: Callable[[str], Image], tmp_path: Path
) -> None:
    (export,) = [line for line in dockerfile.all_of("export", "RUN") if "export" in line]
    name = Settings.model_fields["backbone"].default
    assert export == f"python -m model.networks.export {name} {SHIPPED}/{name}"
    process = image("service").start("python", "-m", "backend.worker", MODEL_DIR=str(tmp_path), LOG_JSON="true")
    assert process.stdout is not None
    lines = []
    try:
        for line in process.stdout:
            lines.append(line)
            if '"worker started"' in line:
                break
    finally:
        _end(process)
    assert '"worker started"' in lines[-1], lines
    (copied,) = (tmp_path / "backbones").iterdir()
    assert copied.name == backbone(name).version
    assert sorted(file.name for file in copied.iterdir()) == ["backbone.json", "model.onnx"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "variables", "said"),
    [
        ("backend.worker", {"BACKBONE": "resnet18"}, ["resnet18", "docker compose run --rm export"]),
        ("backend.worker", {"DEVICE": "cuda"}, ["DEVICE=cuda", "docker compose --profile gpu up", "DEVICE=cpu"]),
        ("backend.trainer", {}, ["docker compose --profile gpu up"]),
    ],
)
def test_what_takes_pytorch_ends_in_the_service_with_one_line_that_names_the_other_image(
    module: str, variables: dict[str, str], said: list[str], image: Callable[[str], Image], tmp_path: Path
) -> None:
    status, written = image("service").run("python", "-m", module, MODEL_DIR=str(tmp_path), **variables)
    assert status == 1
    assert len(written.splitlines()) == 1
    assert [
        text for text in ["PyTorch", "not installed here", "label-loop-training", *said] if text not in written
    ] == []


def test_the_services_image_is_the_one_of_those_that_need_no_gpu(services: dict[str, dict[str, Any]]) -> None:
    targets = {name: service["build"]["target"] for name, service in services.items()}
    assert targets == {
        "backend": "service",
        "worker": "service",
        "worker-gpu": "training",
        "trainer": "training",
        "export": "training",
    }
    assert {name: service["image"] for name, service in services.items()} == {
        name: f"label-loop-{target}" for name, target in targets.items()
    }


@pytest.mark.parametrize("target", ["service", "training"])
def test_it_runs_as_nobody_special_and_tells_how_it_is(target: str, dockerfile: Dockerfile) -> None:
    assert dockerfile.instructions(target)[-1] == ("USER", "label-loop")
    assert len(dockerfile.all_of(target, "HEALTHCHECK")) == 1


def test_a_change_of_code_installs_nothing_anew(dockerfile: Dockerfile) -> None:
    for target in ("service", "training"):
        words = [f"{word} {rest}" for word, rest in dockerfile.instructions(target)]
        installs = next(n for n, line in enumerate(words) if "pip install" in line)
        copied = [line for line in words[:installs] if line.startswith("COPY")]
        assert copied == [f"COPY {dockerfile.requirements(target)} ./"]


def test_the_builder_is_given_nothing_that_no_image_copies(checkout: Path, dockerfile: Dockerfile) -> None:
    let_through = {line[1:] for line in (checkout / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    lines = [rest for name in dockerfile.stages for rest in dockerfile.all_of(name, "COPY")]
    copied = {line.split()[0] for line in lines if not line.startswith("--from=")}
    assert {each for each in copied if not any(each.startswith(f"{other}/") for other in copied)} == let_through


def _end(process: "subprocess.Popen[str]") -> None:
    """Stop it; what it wrote and nobody read is shown if the test fails."""
    process.terminate()
    try:
        written, _ = process.communicate(timeout=10)
        sys.stdout.write(written)
    finally:
        process.kill()
