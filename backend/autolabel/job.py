"""Auto-labelling for one project: the RQ job that carries out commands, writes and takes back.

It works under the project's lease and gives it back as soon as a run waits. What is left to do is in the store and in
the mirror, never in the job: one that was killed is begun again by the reconciler and goes on where Label Studio is.
"""

from collections.abc import Sequence
from dataclasses import replace

from redis.exceptions import RedisError

from backend import logs
from backend.autolabel import requests
from backend.autolabel.propose import Proposing
from backend.autolabel.turn import Turn, check_classes
from backend.autolabel.write import Tasks, Writer
from backend.errors import LabelLoopError, RetryLaterError
from backend.job import project_job, why_put_off
from backend.queue.jobs import JobKind
from backend.queue.progress import show_progress
from backend.store.records.autolabeling import (
    WRITING,
    AutolabelAction,
    AutolabelCommand,
    Autolabeling,
    AutolabelPhase,
    Candidate,
)
from model.errors import InputError

UNEXPECTED = "Something unexpected went wrong; the worker's log says what."

log = logs.get()


def run(project_id: int) -> None:
    """RQ job: carry out what was asked for, then write or take back annotations until a run waits."""
    with project_job(JobKind.AUTOLABEL, project_id) as job:
        with job.lease() as lease:
            if lease is None:
                return
            Autolabeler(Turn(job.project, job.services, lease)).go()
        if job.services.autolabelings.has_work(job.project):
            job.services.queue.enqueue(JobKind.AUTOLABEL, job.project)


class Autolabeler:
    """One turn of work on a project's auto-labellings."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._project, self._services = turn.project, turn.services
        self._store = turn.services.autolabelings
        self._proposing = Proposing(turn)

    def go(self) -> None:
        """Carry out all commands, then go on with what is being written.

        Raises:
            RetryLaterError: Label Studio does not answer; later everything goes on from where it is.
        """
        for command in self._store.commands(self._project):
            self._carry_out(command)
            self._store.remove_command(self._project, command)
        for state in self._store.all(self._project):
            if state.phase in WRITING and not state.problem:
                self._write(state)

    def _carry_out(self, command: AutolabelCommand) -> None:
        states = self._store.all(self._project)
        state = requests.meant(command.action, states)
        if command.action is AutolabelAction.PROPOSE and requests.refusal(command.action, states) is None:
            # Killed between the proposal and the end of its command, it would be carried out again.
            already = command.name in {each.name for each in states}
            state = None if already else Autolabeling(command.name, AutolabelPhase.REFUSED, command.request, "")
        if state is None:
            return
        try:
            self._step(command.action, state)
        except (RetryLaterError, RedisError):
            raise
        except (LabelLoopError, InputError) as error:
            log.warning("auto-labelling refused", command=command.action, reason=str(error))
            self._turn.save(replace(state, message=str(error)))
        except Exception as error:
            if why_put_off(error) is not None:
                raise
            log.exception("auto-labelling failed", command=command.action)
            self._turn.save(replace(state, message=UNEXPECTED))

    def _step(self, action: AutolabelAction, state: Autolabeling) -> None:
        if action is AutolabelAction.PROPOSE:
            self._proposing.propose(state)
        elif action is AutolabelAction.JUDGE:
            self._proposing.judge(state)
        elif action is AutolabelAction.CANCEL:
            self._turn.save(replace(state, phase=AutolabelPhase.CANCELLED, message="Cancelled; nothing was labelled."))
            self._turn.have_a_run()
        elif action is AutolabelAction.UNDO:
            self._begin(state, AutolabelPhase.UNDOING)
        else:
            check_classes(state, self._turn.pull())
            self._begin(state, AutolabelPhase.APPLYING)

    def _begin(self, state: Autolabeling, phase: AutolabelPhase) -> None:
        self._turn.save(replace(state, phase=phase, done=0, total=0, problem=""))

    def _write(self, state: Autolabeling) -> None:
        """Write, or take back, until all is done, somebody else's turn has come, or it can't go on."""
        try:
            self._write_slices(state)
        except (RetryLaterError, RedisError):
            raise
        except LabelLoopError as error:
            self._stop(state, str(error))
        except Exception as error:
            if why_put_off(error) is not None:
                raise
            log.exception("auto-labelling failed", name=state.name)
            self._stop(state, UNEXPECTED)

    def _write_slices(self, state: Autolabeling) -> None:
        plan = self._store.to_label(self._project, state)
        writer = Writer(self._services.label_studio, self._project, state)
        while True:
            labeling = self._turn.pull()
            tasks = Tasks.of(self._services.mirror.annotations(self._project))
            if state.phase is AutolabelPhase.APPLYING:
                check_classes(state, labeling)
                left = writer.write(plan, tasks, labeling, self._turn.interrupted)
                total = len(plan)
            else:
                left = writer.take_back(plan, tasks, self._turn.interrupted)
                total = max(state.total, left)
            if not left:
                self._finish(state, plan, tasks)
                return
            state = replace(state, total=total, done=total - left)
            self._turn.save(state)
            show_progress(state.done, total, state.phase)
            if self._turn.interrupted():
                return

    def _finish(self, state: Autolabeling, plan: Sequence[Candidate], tasks: Tasks) -> None:
        persons = sum(each.task in tasks.persons for each in plan)
        if state.phase is AutolabelPhase.APPLYING:
            ours = sum(each.task in tasks.ours and each.task not in tasks.persons for each in plan)
            said = f"{'' if state.certified else 'UNCERTIFIED: '}{ours} tasks are labelled automatically"
            state = replace(state, phase=AutolabelPhase.APPLIED, done=ours, total=len(plan))
        else:
            said = f"{state.total} automatic annotations were taken back"
            state = replace(state, phase=AutolabelPhase.UNDONE, done=state.total)
        kept = f"; {persons} have a person's annotation, which stays." if persons else "."
        self._turn.save(replace(state, message=said + kept))
        self._turn.have_a_run()
        log.info("auto-labelling written", phase=state.phase, name=state.name)

    def _stop(self, state: Autolabeling, problem: str) -> None:
        """Wait for somebody to mend it and to ask for it again."""
        log.warning("auto-labelling stopped", reason=problem)
        self._turn.save(replace(state, problem=problem))
