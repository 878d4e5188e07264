"""Fine-tunings on disk: what was requested, how far it is, and which backbone a project has adopted.

The job alone writes how far it is; whoever wants something else puts a mark beside it. So no two processes write the
same file.

    <project key>/<name>/state.json       how far it is
    <project key>/<name>/cancel           somebody wants it to end
    <project key>/<name>/undone           somebody wants the previous backbone back
    <project key>/<name>/data/            what is trained on, see `backend.finetune.collect`
    <project key>/<name>/network/         the trained network, until it has its place among the backbones

What is large is removed at the end.
"""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from backend.project import Project
from backend.store.names import new_unique_name
from backend.store.quarantine import Quarantine
from backend.store.records.finetuning import OPEN, FinetunePhase, FinetuneRequest, Finetuning
from model.files import whole_file

STATE, CANCEL, UNDONE = "state.json", "cancel", "undone"
KEPT = (STATE, CANCEL, UNDONE)


class FinetuningStore:
    """Fine-tunings of all projects."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._quarantine = Quarantine(folder.parent)

    def begin(self, project: Project, request: FinetuneRequest, base: str, labels: int) -> Finetuning:
        """Keep a request; a job takes it up."""
        message = "Waits for a training worker."
        state = Finetuning(new_unique_name(), FinetunePhase.WAITING, request, base, message=message, labels=labels)
        self.save(project, state)
        return state

    def save(self, project: Project, state: Finetuning) -> None:
        """Write how far a fine-tuning is; at its end, what it was trained on is removed."""
        if state.phase not in OPEN and not state.ended_at:
            state = replace(state, ended_at=datetime.now(UTC).isoformat())
        home = self.home(project, state)
        self._quarantine.make_folder(home)
        with whole_file(home / STATE) as unfinished:
            unfinished.write_text(json.dumps(state.to_json(), ensure_ascii=False, indent=1))
        if state.phase not in OPEN:
            _clear(home)

    def all(self, project: Project) -> list[Finetuning]:
        """Every fine-tuning of a project, oldest first."""
        found = [self._read(project, path) for path in sorted((self._folder / project.key).glob(f"*/{STATE}"))]
        return [state for state in found if state is not None]

    def newest(self, project: Project) -> Finetuning | None:
        """The one that was requested last."""
        paths = sorted((self._folder / project.key).glob(f"*/{STATE}"), reverse=True)
        return next((state for path in paths if (state := self._read(project, path)) is not None), None)

    def open(self, project: Project) -> Finetuning | None:
        """The one that is not at its end."""
        newest = self.newest(project)
        return newest if newest is not None and newest.phase in OPEN else None

    def adopted(self, project: Project, base: str) -> str | None:
        """Version of the backbone that the project has adopted; None where it uses the settings' one.

        Args:
            project: whose backbone it is.
            base: version of the settings' backbone: what was fine-tuned from another one is not used any more.
        """
        found = self.all_adopted(project, base)
        return found[-1].backbone if found else None

    def all_adopted(self, project: Project, base: str) -> list[Finetuning]:
        """The fine-tunings whose backbones were adopted and not taken back, oldest first."""
        return [each for each in self.all(project) if each.phase is FinetunePhase.ADOPTED and each.base == base]

    def cancel(self, project: Project, state: Finetuning) -> None:
        """Have a fine-tuning end; its job looks at this before each batch."""
        (self.home(project, state) / CANCEL).touch()

    def is_cancelled(self, project: Project, state: Finetuning) -> bool:
        """Whether somebody wants it to end."""
        return (self.home(project, state) / CANCEL).exists()

    def undo(self, project: Project, state: Finetuning) -> None:
        """Have the project use its previous backbone again."""
        (self.home(project, state) / UNDONE).touch()

    def home(self, project: Project, state: Finetuning) -> Path:
        """A fine-tuning's folder."""
        return self._folder / project.key / state.name

    def _read(self, project: Project, path: Path) -> Finetuning | None:
        """A fine-tuning as its job wrote it, and as the marks beside it have it since; None where it is damaged."""
        lost = f"Fine-tuning {path.parent.name} of project {project.id}: a backbone that it made is not used any more."
        state = self._quarantine.read(path, _read_state, whole=path.parent, lost=lost)
        if state is None:
            return None
        if state.phase is FinetunePhase.ADOPTED and path.with_name(UNDONE).exists():
            message = "Taken back: the project uses its previous backbone."
            return replace(state, phase=FinetunePhase.UNDONE, message=message)
        if state.phase is FinetunePhase.WAITING and path.with_name(CANCEL).exists():
            return replace(state, phase=FinetunePhase.CANCELLED, message="Cancelled before it began.")
        return state


def _read_state(path: Path) -> Finetuning:
    return Finetuning.from_json(json.loads(path.read_text()))


def _clear(home: Path) -> None:
    """Remove all but what is kept; what killed jobs left half written, too."""
    for path in home.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name not in KEPT:
            path.unlink()
