"""A project whose true classes are known, and what annotators do in it through Label Studio's API."""

import json
import sqlite3
import tempfile
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scripts.cli.connection.api import ApiError, Json, LabelStudioApi
from scripts.cli.connection.attach import attach
from scripts.cli.connection.findings import Level
from scripts.stack.client import HandedTask, LabelStudioPage, ShownPrediction
from tests.support.pictures import picture
from tests.support.waiting import PATIENCE_SECONDS, until

if TYPE_CHECKING:
    from tests.support.stack import RunningStack

KINDS = ("circle", "square", "triangle", "hexagon")


@dataclass
class LabelledProject:
    """One project of a real Label Studio.

    Attributes:
        api: as its owner.
        token: of its owner.
        documents: Label Studio's document root.
        id: number in Label Studio.
        classes: of the label config, in its order.
        database: Label Studio's own, SQLite.
        truth: class by task id, of the tasks that this object added.
        stacks: that were attached.
    """

    api: LabelStudioApi
    token: str
    documents: Path
    id: int
    classes: tuple[str, ...]
    database: Path
    truth: dict[int, str] = field(default_factory=dict)
    stacks: list["RunningStack"] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """Where its images are."""
        return self.documents / f"project-{self.id}"

    @property
    def tasks(self) -> list[int]:
        """Ids of the tasks that this object added, ascending."""
        return sorted(self.truth)

    def of_class(self, name: str) -> list[int]:
        """Ids of the tasks of one class, ascending."""
        return [task for task in self.tasks if self.truth[task] == name]

    def add_storage(self) -> None:
        """Let Label Studio serve the project's images."""
        self.folder.mkdir(parents=True)
        storage = {"project": self.id, "title": "pictures", "path": str(self.folder), "use_blob_urls": True}
        self.api.send_object("POST", "/api/storages/localfiles", storage)

    def add_tasks(self, classes: Sequence[str]) -> list[int]:
        """One new task for each class named, each with a picture of its own."""
        already = len(self.truth)
        addresses = []
        for number, name in enumerate(classes, already):
            path = self.folder / f"{number:05d}.png"
            kind = KINDS.index(name) if name in KINDS else self.classes.index(name)
            path.write_bytes(picture(kind, seed=number))
            addresses.append(self.address_of(path))
        made = self.add_addresses(addresses)
        self.truth.update(zip(made, classes, strict=True))
        return made

    def add_labelled_tasks(self, classes: Sequence[str]) -> list[int]:
        """As `add_tasks`, each with an annotation of its class already."""
        first = len(self.truth)
        bodies = []
        for number, name in enumerate(classes, first):
            path = self.folder / f"{number:05d}.png"
            path.write_bytes(picture(KINDS.index(name), seed=number))
            bodies.append({"data": {"image": self.address_of(path)}, "annotations": [{"result": self.result(name)}]})
        answer = self.api.send_object("POST", f"/api/projects/{self.id}/import?return_task_ids=true", bodies)
        made = [int(task) for task in answer["task_ids"]]
        self.truth.update(zip(made, classes, strict=True))
        return made

    def add_addresses(self, addresses: Sequence[str]) -> list[int]:
        """One new task for each image address, of no class."""
        body = [{"data": {"image": address}} for address in addresses]
        answer = self.api.send_object("POST", f"/api/projects/{self.id}/import?return_task_ids=true", body)
        return [int(task) for task in answer["task_ids"]]

    def address_of(self, path: Path) -> str:
        """What a task says of an image of the project's folder."""
        return f"/data/local-files/?d={path.relative_to(self.documents)}"

    def attach(self, stack: "RunningStack") -> None:
        """Connect a backend as `scripts/connect` does."""
        self.stacks.append(stack)
        findings = attach(self.api, self.id, stack.address, Path(tempfile.mkdtemp(dir=stack.folder)))
        wrong = [finding for finding in findings if finding.level is not Level.OK]
        assert not wrong, wrong

    def be_forgotten(self) -> None:
        """Have no backend go on with it: not even with the refresh of its queue, which others' tests would wait for."""
        for stack in self.stacks:
            stack.forget(self.id)

    def next_task(self, token: str | None = None) -> HandedTask | None:
        """What Label Studio hands to the owner, or to the user with this token; None when nothing is left."""
        return self._page(token).next_task()

    def submit(self, task: int, choice: str | None = None, token: str | None = None, *, lead_time: float = 1.0) -> int:
        """Annotate a task with a choice, the true class where it is None; the annotation's id.

        Args:
            task: to annotate.
            choice: of the label config.
            token: of who annotates, the owner where it is None.
            lead_time: seconds for which the task was on the screen, as the page tells.
        """
        return self._page(token).submit(task, self.result(choice or self.truth[task]), lead_time=lead_time)

    def skip(self, task: int, token: str | None = None) -> int:
        """Skip a task as the page's button does; the annotation's id."""
        api = self.api if token is None else LabelStudioApi(self.api.url, token)
        body = {"result": [], "was_cancelled": True, "lead_time": 1.0, "project": self.id}
        return int(api.send_object("POST", f"/api/tasks/{task}/annotations/?project={self.id}", body)["id"])

    def change(self, annotation: int, choice: str) -> None:
        """Give an annotation another choice."""
        self.api.send_object("PATCH", f"/api/annotations/{annotation}/", {"result": self.result(choice)})

    def delete_annotation(self, annotation: int) -> None:
        """Delete an annotation as the page does."""
        self.api.delete(f"/api/annotations/{annotation}/")

    def delete_tasks(self, tasks: Collection[int]) -> None:
        """Delete tasks in the Data Manager."""
        chosen = {"selectedItems": {"all": False, "included": sorted(tasks)}}
        self.api.send_object("POST", f"/api/dm/actions?id=delete_tasks&project={self.id}", chosen)
        for task in tasks:
            self.truth.pop(task, None)

    def result(self, choice: str) -> list[Json]:
        """An annotation's result, as `label_config` names its tags."""
        return [{"from_name": "choice", "to_name": "image", "type": "choices", "value": {"choices": [choice]}}]

    def active_version(self) -> str:
        """Label Studio's `model_version` of the project; empty where it has none."""
        found = self._look_up("select model_version from project where id = ?")
        return str(found[0][0] or "") if found else ""

    def predictions(self, version: str | None = None) -> dict[int, ShownPrediction]:
        """The newest prediction of a version (the active one where it is None) by task id."""
        wanted = version or self.active_version()
        found = sorted(self.all_predictions(), key=lambda each: int(each["id"]))
        return {int(each["task"]): _prediction(each) for each in found if each["model_version"] == wanted}

    def all_predictions(self) -> list[Json]:
        """Every prediction of the project, by ascending id."""
        columns = "id, task_id, model_version, score, result, updated_at"
        found = self._look_up(f"select {columns} from prediction where project_id = ? order by id")
        names = ("id", "task", "model_version", "score", "result", "updated_at")
        return [dict(zip(names, row, strict=True)) | {"result": json.loads(row[4])} for row in found]

    def _look_up(self, query: str) -> list[tuple[Any, ...]]:
        """Read the project's rows from Label Studio's database: asked again and again, its API would be held up."""
        address = f"file:{self.database}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=PATIENCE_SECONDS)) as connection:
            return connection.execute(query, [self.id]).fetchall()

    def wait_for_version(
        self,
        stack: "RunningStack",
        trained_on: Collection[int] | None = None,
        *,
        not_version: str = "",
        seconds: float = PATIENCE_SECONDS,
    ) -> str:
        """Wait until Label Studio's active version is one of the backend's; its name.

        Args:
            stack: whose version it must be.
            trained_on: annotations of the wanted version, exactly these; None takes any version.
            not_version: an earlier version that does not count.
            seconds: how long it may take.
        """
        seen: list[Any] = []

        def asked() -> str | None:
            name = self.active_version()
            made_of = stack.version(self.id, name) if name and name != not_version else None
            if made_of is None:
                return None
            seen[:] = [name, made_of["annotation_ids"]]
            wanted = trained_on is None or set(made_of["annotation_ids"]) == set(trained_on)
            return name if wanted else None

        try:
            return until(asked, "a version", seconds)
        except AssertionError as late:
            message = f"Project {self.id} has no version trained on {trained_on}; last seen {seen}.\n{stack.log_tail()}"
            raise AssertionError(message) from late

    def label_one_of_each(self, stack: "RunningStack") -> list[int]:
        """Submit one task of each class; the annotations, once a version is trained on them."""
        made = [self.submit(self.of_class(name)[0]) for name in self.classes]
        self.wait_for_version(stack, made)
        return made

    def lowest_unlabelled(self, locked: Collection[int] = ()) -> int:
        """The task without an annotation whose active prediction has the lowest score."""
        open_tasks = set(self.tasks) - self._page(None).labelled_tasks() - set(locked)
        scores = {task: each.score for task, each in self.predictions().items() if task in open_tasks}
        return min(scores, key=lambda task: (np.inf if scores[task] is None else scores[task], task))

    def exists(self) -> bool:
        """Whether Label Studio still has it."""
        try:
            self.api.project(self.id)
        except ApiError:
            return False
        return True

    def _page(self, token: str | None) -> LabelStudioPage:
        return LabelStudioPage(self.api.url, token or self.token, self.id)


def _prediction(found: Json) -> ShownPrediction:
    choices = [choice for region in found["result"] for choice in region["value"].get("choices", [])]
    return ShownPrediction(str(found["model_version"]), found.get("score"), choices[0] if choices else None)
