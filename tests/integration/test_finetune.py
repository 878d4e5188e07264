"""A backbone is fine-tuned beside the loop of a real Label Studio, and takes over."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from model.networks import storage
from model.networks.frozen import freeze
from model.networks.registry import ANY_CLASSES, build
from scripts.cli.app import app
from scripts.cli.commands import run
from scripts.stack.backend import trainer_spec
from scripts.stack.processes import LocalProcess
from tests.support.label_studio import RunningLabelStudio
from tests.support.poor_backbone import export_poor
from tests.support.project import KINDS, LabelledProject
from tests.support.stack import RunningStack, start_stack
from tests.support.waiting import until

LABELLED, UNLABELLED = 25, 3
SETTINGS = {"POLL_SECONDS": "2", "IDLE_SECONDS": "2", "DEVICE": "cpu", "TRACKING": "false"}
TINY = "cnn-small:8-8-8:3-3-3"
WITHOUT_END = {"epochs": 10_000, "patience": 10_000, "resolution": 32, "schedule": "constant"}


class Finetuned:
    """A labelled project whose backend has a poor backbone, and a training worker that can be killed.

    Attributes:
        labels: ids of the annotations.
    """

    def __init__(self, project: LabelledProject, stack: RunningStack, labels: set[int]) -> None:
        self.project, self.stack, self.labels = project, stack, labels
        self.trainer = LocalProcess(trainer_spec(stack.server, stack.folder / "trainer.log"))

    def start_trainer(self) -> None:
        self.trainer.start()
        self.trainer.wait_until_ready()

    def command(self, *options: str) -> int:
        """Run `./scripts/finetune`; its exit code."""
        return run(
            app, "label-loop", ["finetune", "--backend", self.stack.url, "--project", str(self.project.id), *options]
        )

    def begin(self, options: dict[str, Any]) -> None:
        """Begin a training with options that the command doesn't have."""
        body = {"action": "start", "network": TINY, "options": options}
        answer = self.stack.call("POST", f"/api/projects/{self.project.id}/finetune", json=body)
        assert answer.status_code == 202, answer.text

    def status(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.stack.call("GET", f"/api/projects/{self.project.id}/finetune").json()
        return answer

    def epochs(self) -> list[dict[str, Any]]:
        return list(self.status()["history"])

    def wait_for_epochs(self, count: int) -> None:
        until(lambda: len(self.epochs()) >= count, f"{count} epochs", more=self.log)

    def submit(self) -> None:
        """Label another task, and wait for the version that knows it."""
        task = self.project.lowest_unlabelled()
        self.labels.add(self.project.submit(task))
        self.project.wait_for_version(self.stack, self.labels)

    def backbone(self) -> str:
        """Of the active version."""
        version = self.stack.version(self.project.id, self.project.active_version())
        assert version is not None
        return str(version["settings"]["backbone"])

    def log(self) -> str:
        return "\n".join(self.trainer.spec.log.read_text().splitlines()[-25:])


@pytest.fixture(scope="module")
def finetuned(label_studio: RunningLabelStudio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finetuned]:
    # Training workers share a machine's devices; this one is not to meet those of others.
    settings = {**SETTINGS, "TMPDIR": str(tmp_path_factory.mktemp("locks"))}
    poor = export_poor(tmp_path_factory.mktemp("poor"))
    stack = start_stack(label_studio, poor, tmp_path_factory.mktemp("stack"), more=settings)
    project = label_studio.make_project(KINDS, per_class=0)
    project.add_labelled_tasks([kind for _ in range(LABELLED) for kind in KINDS])
    project.add_tasks([kind for _ in range(UNLABELLED) for kind in KINDS])
    labels = {int(each["id"]) for task in project.tasks for each in project.api.get(f"/api/tasks/{task}/annotations/")}
    made = Finetuned(project, stack, labels)
    try:
        project.attach(stack)
        project.wait_for_version(stack, labels)
        made.start_trainer()
        yield made
    finally:
        made.trainer.stop()
        made.stack.stop()


def test_the_loop_goes_on_and_a_killed_training_too(finetuned: Finetuned, capsys: pytest.CaptureFixture[str]) -> None:
    finetuned.begin(WITHOUT_END)
    finetuned.wait_for_epochs(1)
    finetuned.submit()
    assert finetuned.status()["phase"] == "training"
    finetuned.trainer.kill()
    killed = finetuned.epochs()
    finetuned.start_trainer()
    finetuned.wait_for_epochs(len(killed) + 2)
    # The last one may have been in the checkpoint only, or in none.
    assert finetuned.epochs()[: len(killed) - 1] == killed[:-1]
    assert finetuned.command("--cancel") == 0
    assert "Cancelled" in capsys.readouterr().out
    assert finetuned.status()["phase"] == "cancelled"


def test_a_better_backbone_takes_over_and_can_be_taken_back(
    finetuned: Finetuned, capsys: pytest.CaptureFixture[str]
) -> None:
    base = finetuned.backbone()
    recipe = finetuned.stack.folder / "recipe.json"
    recipe.write_text('{"model": "cnn-small:8-8-8:3-3-3", "options": {"resolution": 32, "batch_size": 16}}')
    assert finetuned.command("--recipe", str(recipe), "--epochs", "3") == 0, capsys.readouterr().out
    used = finetuned.status()["used"]
    assert used != base
    until(lambda: finetuned.backbone() == used, f"a version with {used}", more=finetuned.stack.log_tail)
    finetuned.submit()
    assert finetuned.backbone() == used
    assert finetuned.command("--undo") == 0
    until(lambda: finetuned.backbone() == base, f"a version with {base}", more=finetuned.stack.log_tail)


def test_another_backbone_in_the_settings_takes_over_without_a_gap(finetuned: Finetuned, tmp_path: Path) -> None:
    project, before = finetuned.project, finetuned.backbone()
    network = build(TINY, ANY_CLASSES, input_size=32, seed=1)
    storage.save(network, tmp_path / "network", record={})
    known = finetuned.stack.versions(project.id)
    # A run embeds a part of the images at most: what is made of a part would show.
    finetuned.stack = finetuned.stack.restarted(BACKBONE=str(tmp_path / "network"), EMBED_SECONDS="0")
    following = freeze(network).version
    finetuned.submit()
    until(lambda: finetuned.backbone() == following, "a version with it", more=finetuned.stack.log_tail)
    finetuned.submit()
    names = finetuned.stack.versions(project.id)[len(known) :]
    made = [each for name in names if (each := finetuned.stack.version(project.id, name)) is not None]
    # Where the new features are quickly made, no version comes before the switch.
    used = {each["settings"]["backbone"] for each in made}
    assert following in used <= {before, following}
    assert {each["queue"] + each["labels"] for each in made} == {len(project.tasks)}
