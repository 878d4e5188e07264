"""Proposes what to label automatically, has people audit it, and judges their answers."""

import time
from collections.abc import Collection, Mapping, Set
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from backend import __version__, logs
from backend.autolabel import audit as audits
from backend.autolabel.candidates import Heads, Round, draw, find_candidates, seed_of
from backend.autolabel.turn import Turn, check_classes
from backend.backbones import switch
from backend.errors import OperatorError
from backend.label_studio.config import Labeling
from backend.label_studio.provenance import Provenance
from backend.store.dataset import Dataset
from backend.store.labels import Annotation, resolve
from backend.store.records.autolabeling import AuditedTask, Autolabeling, AutolabelPhase, Candidate
from backend.store.versions import Version
from model.autolabel.audit import AuditPlan, AuditVerdict, judge
from model.autolabel.certificate import AuditAnswer, Certificate
from model.autolabel.promise import ErrorPromise

LOOKED_UP = 50
"""Audited tasks whose predictions are asked for in one call."""

PAUSE_SHARE = 0.5
"""Of the time that a change of a prediction took, before the next: somebody may want to submit."""

log = logs.get()


class Proposing:
    """Proposals and audits of one project."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._project, self._services = turn.project, turn.services
        self._store = turn.services.autolabelings

    def propose(self, state: Autolabeling) -> None:
        """Propose a first set.

        Raises:
            InputError: a promise or threshold that can't be, or fewer than two classes with a label.
        """
        self._propose(state, Round())

    def judge(self, state: Autolabeling) -> None:
        """See what the answers so far prove; a set that failed is followed by a smaller one."""
        labeling = self._turn.pull()
        try:
            check_classes(state, labeling)
        except OperatorError as error:
            self._turn.save(replace(state, phase=AutolabelPhase.REFUSED, message=str(error)))
            self._turn.have_a_run()
            return
        annotations = self._services.mirror.annotations(self._project)
        persons = audits.by_persons(annotations)
        unseen = {each.task_id for each in annotations if each.provenance is Provenance.UNSEEN}
        state = self._without_those_that_prove_nothing(state, persons, unseen)
        answers = self._answers(state, labeling, annotations, persons)
        plan = AuditPlan(state.size - len(state.left_out), state.sample_size, state.allowed_errors, state.attempt)
        verdict = judge(np.array([each.right for each in answers], dtype=bool), plan, _promise(state))
        log.info("judged", decided=verdict.decided, holds=verdict.holds, answered=verdict.answered)
        if not verdict.decided:
            self._turn.save(replace(state, message=verdict.message))
        elif verdict.holds:
            self._ready(replace(state, message=verdict.message), verdict, answers)
        else:
            self._propose(state, Round(state.attempt + 1, plan.size), verdict.message)

    def _propose(self, state: Autolabeling, this_round: Round, so_far: str = "") -> None:
        labeling = self._turn.pull()
        version = self._services.versions.active(self._project)
        backbones = self._services.backbones
        backbone = switch.following(self._turn) if version is None else backbones.get(version.backbone)
        data = self._services.datasets.read(self._project, labeling, backbone)
        touched = {annotation.task_id for annotation in self._services.mirror.annotations(self._project)}
        others = self._others_predictions() if state.certified else set()
        proposed = find_candidates(
            data, self._heads(version, data), labeling, touched | others, state.request, this_round
        )
        state = replace(
            state,
            version="" if version is None else version.name,
            backbone=data.backbone,
            classes=labeling.classes,
            label_config=self._turn.label_config(),
            attempt=0 if proposed.plan is None else this_round.attempt,
            size=len(proposed.candidates),
            message=_sentences(so_far, proposed.note, _left_to_others(others & set(data.task_ids[data.pool].tolist()))),
            audit=(),
            left_out=(),
        )
        if not proposed.candidates:
            self._turn.save(replace(state, phase=AutolabelPhase.REFUSED))
            self._turn.have_a_run()
            return
        state = replace(state, threshold=proposed.threshold)
        self._store.save_set(self._project, state.name, state.attempt, proposed.candidates)
        if proposed.plan is None:
            self._ready(state, None, [])
        else:
            self._begin_audit(state, proposed.candidates, proposed.plan, int(data.pool.sum()))

    def _heads(self, version: Version | None, data: Dataset) -> Heads | None:
        if version is None or version.head is None:
            return None
        if version.served is None:
            return Heads(version.head, version.head, None)
        seed = self._services.settings.seed
        nearest = self._services.geometry.nearest(self._project, data.task_ids, data.features, seed)
        return Heads(version.head, version.served, nearest)

    def _begin_audit(self, state: Autolabeling, candidates: list[Candidate], plan: AuditPlan, unlabelled: int) -> None:
        seed = seed_of(state.name, plan.attempt)
        drawn = self._hide(draw(candidates, plan.sample_size, seed))
        asked = (
            f"{plan.size} of {unlabelled} unlabelled tasks are proposed; {len(drawn)} of them, drawn at random, come "
            f"first in the queue without pre-annotation, and at most {plan.allowed_errors} may turn out wrong."
        )
        state = replace(
            state, phase=AutolabelPhase.AUDITING, sample_size=plan.sample_size, allowed_errors=plan.allowed_errors
        )
        self._turn.save(replace(state, seed=seed, audit=drawn, message=_sentences(state.message, asked)))
        self._turn.have_a_run()

    def _hide(self, tasks: list[int]) -> tuple[AuditedTask, ...]:
        """Empty what our versions predicted for these tasks: nobody is to be swayed by it.

        They keep their numbers, which a page that has one of the tasks open will submit.
        """
        label_studio, names = self._services.label_studio, self._services.versions.ours(self._project)
        for start in range(0, len(tasks), LOOKED_UP):
            for prediction in label_studio.predictions(self._project.id, tasks[start : start + LOOKED_UP]):
                if prediction.model_version in names and not prediction.is_empty:
                    started = time.monotonic()
                    label_studio.change_prediction(prediction.id, {"result": []})
                    time.sleep((time.monotonic() - started) * PAUSE_SHARE)
        now = datetime.now(UTC).isoformat()
        return tuple(AuditedTask(task, now) for task in tasks)

    def _others_predictions(self) -> set[int]:
        """Tasks with a prediction that is not ours, so that no audit may hide it."""
        label_studio, names = self._services.label_studio, self._services.versions.ours(self._project)
        if label_studio.prediction_counts(self._project.id).keys() <= names:
            return set()
        found = label_studio.predictions(self._project.id)
        return {each.task for each in found if each.model_version not in names and not each.is_empty}

    def _without_those_that_prove_nothing(
        self, state: Autolabeling, persons: Mapping[int, list[Annotation]], unseen: Set[int]
    ) -> Autolabeling:
        """Draw others for tasks that somebody had on the screen, with what a model says, when they were drawn.

        Two kinds of proposed tasks are left out, too: those that got an annotation without anybody looking (`unseen`),
        for nobody will be asked for them and nothing be written to them; and those that another model has predicted
        meanwhile, which is not ours to hide. That is said of all of them, drawn or not, so that those audited stay a
        random draw of those that are left.
        """
        late = [each for each in state.audit if audits.begun_before(each, persons.get(each.task, ()))]
        candidates = self._store.candidates(self._project, state)
        proposed = {each.task for each in candidates}
        others = self._others_predictions() & proposed
        unasked = ((unseen & proposed) - persons.keys() | others) - set(state.left_out)
        late += [each for each in state.audit if each.task in unasked and each not in late]
        if not late and not unasked:
            return state
        kept = tuple(each for each in state.audit if each not in late)
        left_out = {*state.left_out, *unasked, *(each.task for each in late)}
        new: list[int] = []
        while (count := min(state.sample_size, state.size - len(left_out))) > len(kept) + len(new):
            drawn = draw(candidates, count + len(left_out), state.seed)
            new = [task for task in drawn if task not in left_out and task not in {each.task for each in kept}]
            new = new[: count - len(kept)]
            # Whoever answered one of these already saw what the model says.
            left_out |= {task for task in new if task in persons}
            new = [task for task in new if task not in left_out]
        log.info("drawn anew", begun_before=len(late), predicted_by_others=len(others), drawn=len(new))
        audit = (*kept, *self._hide(new))
        state = replace(state, audit=audit, left_out=tuple(sorted(left_out)), sample_size=len(audit))
        self._turn.save(state)
        self._turn.have_a_run()
        return state

    def _answers(
        self,
        state: Autolabeling,
        labeling: Labeling,
        annotations: list[Annotation],
        persons: Mapping[int, list[Annotation]],
    ) -> list[AuditAnswer]:
        labels = resolve([each for each in annotations if each.by_person], labeling.current)
        existing = [task.id for task in self._services.mirror.tasks(self._project, [each.task for each in state.audit])]
        predicted = {each.task: each.choice for each in self._store.candidates(self._project, state)}
        return [
            audits.answer(task, labeling.current(predicted[task]) or "", persons.get(task, []), labels.get(task))
            for task in audits.answered(state.audit, existing, persons)
        ]

    def _ready(self, state: Autolabeling, verdict: AuditVerdict | None, answers: list[AuditAnswer]) -> None:
        """Certify, then let it be applied."""
        certificate = Certificate(
            project=self._project.id,
            label_studio=self._project.url,
            made_at=datetime.now(UTC).isoformat(),
            certified=verdict is not None,
            threshold=state.threshold,
            max_error=state.request.max_error,
            confidence=state.request.confidence,
            bound=None if verdict is None else verdict.bound,
            binomial_bound=None if verdict is None else verdict.binomial_bound,
            attempt=state.attempt,
            set_size=state.size - len(state.left_out),
            allowed_errors=None if verdict is None else verdict.plan.allowed_errors,
            answers=tuple(answers),
            tasks=tuple((each.task, each.choice) for each in self._store.to_label(self._project, state)),
            version=state.version,
            versions={"label-loop": __version__, "backbone": state.backbone},
            label_config=state.label_config,
            seed=state.seed,
            message=state.message,
        )
        self._store.save_certificate(self._project, state.name, {"name": state.name, **certificate.to_json()})
        self._turn.save(replace(state, phase=AutolabelPhase.READY))
        self._turn.have_a_run()


def _left_to_others(tasks: Collection[int]) -> str:
    if not tasks:
        return ""
    return (
        f"{len(tasks)} unlabelled tasks have predictions of other models, which are not ours to hide from whoever "
        "audits: they are no part of the set."
    )


def _promise(state: Autolabeling) -> ErrorPromise:
    return ErrorPromise(state.request.max_error or 0.0, state.request.confidence or 0.0)


def _sentences(*said: str) -> str:
    return " ".join(filter(None, said))
