"""Auto-labelling on a real Label Studio: proposed, audited by people, certified, written, taken back."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.cli.app import app
from scripts.cli.commands import run
from scripts.cli.connection.api import Json
from scripts.stack.image_project import label_config
from tests.support.project import LabelledProject
from tests.support.stack import RunningStack
from tests.support.waiting import until

MakeProject = Callable[..., LabelledProject]
# Of those not labelled the holdout takes some, and with fewer than 12 left nothing can be promised.
PER_CLASS, FEW_PER_CLASS = 15, 8
LABELLED = 4
PROMISE = ("--max-error", "0.3", "--confidence", "0.8")


class Autolabelling:
    """One project's auto-labelling, as its owner goes about it."""

    def __init__(self, project: LabelledProject, stack: RunningStack) -> None:
        self.project, self._stack = project, stack

    def command(self, *options: str) -> int:
        """Run `./scripts/autolabel`; its exit code."""
        return run(
            app, "label-loop", ["autolabel", "--backend", self._stack.url, "--project", str(self.project.id), *options]
        )

    def status(self) -> dict[str, Any]:
        """How far it is."""
        answer: dict[str, Any] = self._stack.call("GET", f"/api/projects/{self.project.id}/autolabel").json()
        return answer

    def audit(self) -> list[int]:
        """Tasks that people are to answer."""
        return list(self.status()["audit"]["tasks"])

    def wait_until_in_front(self) -> None:
        """Wait until the active version asks for the audit first."""

        def asked() -> bool:
            audit = self.audit()
            scores = {task: each.score or 0.0 for task, each in self.project.predictions().items()}
            return set(sorted(scores, key=scores.__getitem__)[: len(audit)]) == set(audit)

        until(asked, "the audit in front", more=self._stack.log_tail)

    def answer(self, wrong: int = 0) -> list[int]:
        """Answer the whole audit, some tasks wrongly; the annotations."""
        made = []
        for number, task in enumerate(self.audit()):
            truth = self.project.truth[task]
            other = next(name for name in self.project.classes if name != truth)
            # Of a task that was on the screen when it was drawn, the answer would not count.
            made.append(self.project.submit(task, other if number < wrong else truth, lead_time=0.0))
        self._stack.wait_until_quiet(self.project.id)
        return made

    def annotations(self) -> dict[int, list[Json]]:
        """Annotations of every task, skipped ones included."""
        listed = self.project.api.get(f"/api/projects/{self.project.id}/export?exportType=JSON&download_all_tasks=true")
        return {int(task["id"]): task["annotations"] for task in listed}

    def automatic(self) -> dict[int, Json]:
        """The automatic annotation by task."""
        found = {}
        for task, annotations in self.annotations().items():
            ours = [each for each in annotations if is_marked(each)]
            assert len(ours) <= 1
            found.update(zip([task] * len(ours), ours, strict=True))
        return found


def is_marked(annotation: Json) -> bool:
    return any("label_loop" in region.get("meta", {}) for region in annotation["result"])


def choice_of(annotation: Json) -> str:
    return str(annotation["result"][0]["value"]["choices"][0])


@pytest.fixture
def ours(stack: RunningStack, make_project: MakeProject) -> Autolabelling:
    """A project of two classes with a few labels each, and a version made of them."""
    return labelled(make_project(per_class=PER_CLASS), stack)


@pytest.fixture
def few(stack: RunningStack, make_project: MakeProject) -> Autolabelling:
    """The same with too few images to promise anything: Label Studio takes its time to delete an annotation."""
    return labelled(make_project(per_class=FEW_PER_CLASS), stack)


def labelled(project: LabelledProject, stack: RunningStack) -> Autolabelling:
    project.attach(stack)
    labels = [project.submit(task) for name in project.classes for task in project.of_class(name)[:LABELLED]]
    project.wait_for_version(stack, labels)
    return Autolabelling(project, stack)


def test_a_set_is_audited_certified_written_and_taken_back(
    ours: Autolabelling, stack: RunningStack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = ours.project
    assert ours.command(*PROMISE) == 0
    audit = ours.audit()
    ours.wait_until_in_front()
    shown = project.predictions()
    assert {shown[task].choice for task in audit} == {None}
    assert not [each for each in project.all_predictions() if each["task"] in audit and each["result"]]
    handed = project.next_task()
    assert handed is not None
    assert handed.task == audit[0]
    assert ours.command("--apply") == 1
    assert "audit is not complete" in capsys.readouterr().err
    ours.answer()
    assert ours.command(*PROMISE, "--certificate", str(tmp_path / "c.json")) == 0
    certificate = json.loads((tmp_path / "c.json").read_text())
    assert certificate["certified"]
    assert {each["task"] for each in certificate["answers"]} == set(audit)

    labels = stack.labels_of(project.id, project.wait_for_version(stack))
    stack.wait_until_quiet(project.id)
    published = stack.runs_of("published")
    assert ours.command("--apply", "--certificate", str(tmp_path / "c.html")) == 0
    written = ours.automatic()
    assert {task: choice_of(each) for task, each in written.items()} == dict(certificate["tasks"])
    assert {each["result"][0]["meta"]["label_loop"]["certificate"] for each in written.values()} == {
        certificate["name"]
    }
    stack.wait_until_quiet(project.id)
    # Thousands of events of our own are no reason to train.
    assert stack.runs_of("published") == published
    assert stack.labels_of(project.id, project.active_version()) == labels

    before = ours.annotations()
    assert ours.command("--undo") == 0
    assert ours.automatic() == {}
    after = ours.annotations()
    assert after == {task: [each for each in made if not is_marked(each)] for task, made in before.items()}
    version = project.wait_for_version(stack)
    until(lambda: set(project.predictions()) >= set(written), f"predictions again, of {version}")


def test_a_persons_annotation_stays_and_gets_no_automatic_one_beside_it(few: Autolabelling) -> None:
    ours, project = few, few.project
    assert ours.command("--threshold", "0") == 0
    assert ours.status()["certified"] is False
    candidates = ours.status()["set"]
    first, second = open_tasks(ours)[:2]
    persons = {first: project.submit(first), second: project.skip(second)}
    assert ours.command("--apply") == 0
    annotations = ours.annotations()
    assert {task: [each["id"] for each in annotations[task]] for task in persons} == {
        task: [annotation] for task, annotation in persons.items()
    }
    written = ours.automatic()
    assert len(written) >= candidates - 2
    edited, *_ = written
    project.change(written[edited]["id"], "square")
    assert ours.command("--undo") == 0
    left = {task: [each["id"] for each in made] for task, made in ours.annotations().items()}
    assert left[edited] == [written[edited]["id"]]
    assert not any(left[task] for task in written.keys() - {edited})


def test_a_plain_cut_says_everywhere_that_it_proves_nothing(
    few: Autolabelling, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "c.html"
    assert few.command("--threshold", "0.5", "--apply", "--certificate", str(page)) == 0
    assert capsys.readouterr().out.startswith("UNCERTIFIED")
    assert "UNCERTIFIED" in page.read_text()
    marks = [each["result"][0]["meta"] for each in few.automatic().values()]
    assert marks
    assert all("UNCERTIFIED" in mark["text"][0] and not mark["label_loop"]["certified"] for mark in marks)


def test_an_audit_that_fails_labels_nothing_and_says_by_how_much(ours: Autolabelling) -> None:
    assert ours.command(*PROMISE) == 0
    ours.wait_until_in_front()
    ours.answer(wrong=3)
    ours.command(*PROMISE)
    status = ours.status()
    assert "more than the 30.00% promised" in status["message"]
    assert status["phase"] in ("auditing", "refused")
    assert ours.automatic() == {}


def test_a_label_config_that_changed_voids_the_audit(ours: Autolabelling, stack: RunningStack) -> None:
    assert ours.command(*PROMISE) == 0
    ours.wait_until_in_front()
    ours.answer()
    project = ours.project
    project.api.change_project(project.id, label_config=label_config([*project.classes, "triangle"]))
    assert ours.command(*PROMISE) == 1
    assert "classes changed" in ours.status()["message"]


def test_what_can_not_be_promised_is_said_in_a_sentence(few: Autolabelling, capsys: pytest.CaptureFixture[str]) -> None:
    assert few.command("--max-error", "0") == 1
    assert "no error at all" in capsys.readouterr().out
    assert few.command("--undo") == 1
    assert "Nothing was labelled automatically" in capsys.readouterr().err


def open_tasks(ours: Autolabelling) -> list[int]:
    """Tasks of the set that nobody annotated yet."""
    return [task for task, made in ours.annotations().items() if not made]
