"""Auto-labellings on disk: what was requested, what was proposed and audited, what is being written.

Everything is a JSON file that is there whole or not at all. What Label Studio holds is not kept here: which tasks of a
set are labelled already is read off the mirror, so that nothing can disagree after a kill.

    <project key>/orders/<name>.json              a command, until the job has carried it out
    <project key>/<name>/state.json               how far it is
    <project key>/<name>/set-<attempt>.json       the proposed tasks, each with class and confidence
    <project key>/<name>/certificate.json         what it proved, once it did
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backend.errors import RetryLaterError
from backend.project import Project
from backend.store.names import new_unique_name
from backend.store.quarantine import Quarantine
from backend.store.records.autolabeling import (
    WRITING,
    AutolabelAction,
    AutolabelCommand,
    Autolabeling,
    AutolabelPhase,
    AutolabelRequest,
    Candidate,
)
from model.files import whole_file


class AutolabelingStore:
    """Auto-labellings of all projects. Commands may be written at any time, all else only under the project's lease."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._quarantine = Quarantine(folder.parent)

    def add_command(self, project: Project, action: AutolabelAction, request: AutolabelRequest) -> AutolabelCommand:
        """Keep a command for the job."""
        command = AutolabelCommand(new_unique_name(), action, request)
        self._write(self._commands(project) / f"{command.name}.json", command.to_json())
        return command

    def commands(self, project: Project) -> list[AutolabelCommand]:
        """Commands that no job has carried out, oldest first."""
        lost = f"A request to label project {project.id} automatically: make it again."
        found = [
            self._quarantine.read(path, _read_command, lost=lost)
            for path in sorted(self._commands(project).glob("*.json"))
        ]
        return [command for command in found if command is not None]

    def remove_command(self, project: Project, command: AutolabelCommand) -> None:
        """Forget a command that was carried out, or whose refusal is in the state."""
        (self._commands(project) / f"{command.name}.json").unlink(missing_ok=True)

    def all(self, project: Project) -> list[Autolabeling]:
        """Every auto-labelling of a project, oldest first; one whose state is damaged is set aside as a whole."""
        found = [
            self._quarantine.read(path, _read_state, whole=path.parent, lost=_lost(project, path.parent.name))
            for path in sorted((self._folder / project.key).glob("*/state.json"))
        ]
        return [state for state in found if state is not None]

    def newest(self, project: Project) -> Autolabeling | None:
        """The one that was begun last."""
        return next(iter(reversed(self.all(project))), None)

    def has_work(self, project: Project) -> bool:
        """Whether a job has something to do: a command, or writing that was cut off."""
        if not (self._folder / project.key).exists():
            return False
        waits = any(each.phase in WRITING and not each.problem for each in self.all(project))
        return waits or bool(self.commands(project))

    def audited(self, project: Project) -> tuple[int, ...]:
        """Tasks of the audit that is under way: to be asked first, without pre-annotation."""
        newest = self.newest(project)
        if newest is None or newest.phase is not AutolabelPhase.AUDITING:
            return ()
        return tuple(each.task for each in newest.audit)

    def in_writing(self, project: Project) -> set[int]:
        """Tasks that are being labelled automatically, or freed of that, right now: nobody is asked for them."""
        writing = [each for each in self.all(project) if each.phase in WRITING]
        return {candidate.task for each in writing for candidate in self.to_label(project, each)}

    def save(self, project: Project, state: Autolabeling) -> None:
        """Write how far an auto-labelling is."""
        self._write(self._folder / project.key / state.name / "state.json", state.to_json())

    def save_set(self, project: Project, name: str, attempt: int, candidates: list[Candidate]) -> None:
        """Write a proposed set; before the state that speaks of it."""
        record = [[each.task, each.choice, each.confidence] for each in candidates]
        self._write(self._folder / project.key / name / f"set-{attempt}.json", record)

    def candidates(self, project: Project, state: Autolabeling) -> list[Candidate]:
        """The proposed set, by ascending task.

        Raises:
            RetryLaterError: it is gone or damaged, so the auto-labelling is set aside: things go on without it.
        """
        home = self._folder / project.key / state.name
        lost = _lost(project, state.name)
        found = self._quarantine.read(home / f"set-{state.attempt}.json", _read_set, whole=home, lost=lost)
        if found is None:
            self._quarantine.set_aside(home, "its set of tasks is missing", lost=lost)
            raise RetryLaterError(f"The set of auto-labelling {state.name} can't be read. {lost}")
        return found

    def to_label(self, project: Project, state: Autolabeling) -> list[Candidate]:
        """The part of the set that people are not asked to audit."""
        people = {each.task for each in state.audit} | set(state.left_out)
        return [each for each in self.candidates(project, state) if each.task not in people]

    def save_certificate(self, project: Project, name: str, record: Mapping[str, Any]) -> None:
        """Write what an auto-labelling proved, or that it proved nothing."""
        self._write(self._folder / project.key / name / "certificate.json", record)

    def certificate(self, project: Project, name: str) -> dict[str, Any] | None:
        """The certificate, or None where there is none (yet)."""
        path = self._folder / project.key / name / "certificate.json"
        lost = f"The certificate of auto-labelling {name} of project {project.id}."
        return self._quarantine.read(path, _read_certificate, lost=lost)

    def _commands(self, project: Project) -> Path:
        return self._folder / project.key / "orders"

    def _write(self, path: Path, value: Any) -> None:
        """Write JSON whole or not at all."""
        self._quarantine.make_folder(path.parent)
        with whole_file(path) as unfinished:
            unfinished.write_text(json.dumps(value, ensure_ascii=False, indent=None if isinstance(value, list) else 1))


def _lost(project: Project, name: str) -> str:
    return (
        f"Auto-labelling {name} of project {project.id} can't be gone on with, proved or taken back: what it wrote "
        "stays in Label Studio, marked there."
    )


def _read_command(path: Path) -> AutolabelCommand:
    return AutolabelCommand.from_json(json.loads(path.read_text()))


def _read_state(path: Path) -> Autolabeling:
    return Autolabeling.from_json(json.loads(path.read_text()))


def _read_set(path: Path) -> list[Candidate]:
    return [
        Candidate(int(task), str(choice), float(confidence))
        for task, choice, confidence in json.loads(path.read_text())
    ]


def _read_certificate(path: Path) -> dict[str, Any]:
    record = json.loads(path.read_text())
    if not isinstance(record, dict) or record.get("name") != path.parent.name:
        raise ValueError("it is no certificate of this auto-labelling")
    return record
