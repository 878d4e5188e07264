"""The promise of auto-labelling: at most 2 % of what it labels is wrong, with 95 % confidence over all its attempts."""

from dataclasses import dataclass, replace

import numpy as np

from backend.loop import distil, evaluate, train
from model.arrays import BoolArray, FloatArray, IntArray
from model.autolabel import out_of_fold
from model.autolabel.audit import AuditPlan, AuditVerdict, draw_audit, judge
from model.autolabel.promise import ErrorPromise
from model.autolabel.proposal import propose
from model.autolabel.reliability import OutOfFoldPredictions
from model.geometry import points
from model.graph import affinity, neighbours
from scripts.lab.trust.labelling import SEED, LabelledWorld, label, unlabelled
from scripts.lab.trust.promise import Answer, Promise
from scripts.lab.trust.worlds import Source, World, WorldImages

NAME = "auto-labelling"
ALLOWED = ErrorPromise(max_error=0.02, confidence=0.95)
MOST_BROKEN = 15 / 200
"""Of 200 projects, each breaking it with a chance of 5 %, more than 15 do so once in twenty times."""

PROMISES = (Promise(NAME, "at most 2 % of the automatic labels are wrong", 1 - MOST_BROKEN),)

LEAST_LABELS, MOST_LABELS, BATCH = 200, 1_000, 100
ATTEMPTS = 3


@dataclass(frozen=True, eq=False)
class Predicted:
    """The images that may be labelled automatically, as the served head sees them.

    Attributes:
        rows: (n,) of the dataset: unlabelled, outside the holdout.
        classes: (n,) predicted, index into the world's classes.
        confidences: (n,) in [0, 1].
        evidence: what heads of its kind, out of fold, got right of the labelled images.
    """

    rows: IntArray
    classes: IntArray
    confidences: FloatArray
    evidence: OutOfFoldPredictions


@dataclass(frozen=True, eq=False)
class Automated:
    """How far auto-labelling came in one project.

    Attributes:
        verdict: of the last attempt; None where no set was proposed.
        rest: rows that were labelled automatically; empty where nothing was certified.
        error: the share of them that is wrong; None where there are none.
        audited: labels that people gave in all attempts.
        unlabelled: images without a label before the first attempt.
    """

    verdict: AuditVerdict | None
    rest: IntArray
    error: float | None
    audited: int
    unlabelled: int


def run(source: Source, seed: int) -> list[Answer]:
    """Label a project, automate what can be, and look how much of it is wrong."""
    rng = np.random.default_rng(seed)
    world = _enlarged(source(rng))
    images = len(world.project.labels)
    count = min(int(rng.integers(LEAST_LABELS, MOST_LABELS + 1)), images // 3)
    labelled = label(unlabelled(world, f"simulated/{seed}"), world, count, BATCH)
    done = automate(labelled, world.project.labels, seed)
    details = {
        "labels": count,
        "images": images,
        "audited": done.audited,
        "attempts": 0 if done.verdict is None else done.verdict.plan.attempt,
        "share_of_rest": len(done.rest) / done.unlabelled,
        "error": done.error,
    }
    return [Answer(NAME, None if done.error is None else done.error <= ALLOWED.max_error, details)]


def automate(labelled: LabelledWorld, truth: IntArray, seed: int, attempts: int = ATTEMPTS) -> Automated:
    """Propose, audit and judge until an audit holds; what people answered trains the next attempt's head.

    Args:
        labelled: the project with its first labels.
        truth: (n,) what people would answer, index into the classes.
        seed: of the draws.
        attempts: at most.
    """
    unlabelled_before = int(labelled.dataset.pool.sum())
    verdict, below, audited = None, None, 0
    for attempt in range(1, attempts + 1):
        predicted = predict(labelled)
        if predicted is None:
            break
        proposal = propose(predicted.confidences, predicted.evidence, ALLOWED, attempt=attempt, below=below)
        if proposal.plan is None:
            break
        drawn = draw_audit(proposal.rows, proposal.plan.sample_size, seed=1000 * seed + attempt)
        right = predicted.classes == truth[predicted.rows]
        verdict = _answered(right[drawn], proposal.plan)
        audited += verdict.answered
        if verdict.holds:
            rest = np.setdiff1d(proposal.rows, drawn)
            return Automated(verdict, predicted.rows[rest], float((~right[rest]).mean()), audited, unlabelled_before)
        labelled = _relabelled(labelled, predicted.rows[drawn[: verdict.answered]], truth)
        below = proposal.plan.size
    return Automated(verdict, np.empty(0, dtype=np.int64), None, audited, unlabelled_before)


def predict(labelled: LabelledWorld) -> Predicted | None:
    """What the distilled head says of the images that may be labelled automatically; None where there is no head."""
    dataset, quick = labelled.dataset, labelled.head
    if quick is None:
        return None
    nearest = neighbours(points(dataset.features, SEED) if dataset.points is None else dataset.points)
    served = evaluate.judge(dataset, *distil.run(dataset, quick, nearest, SEED)).head
    column = np.full(len(dataset.classes) + 1, -1)
    column[[dataset.classes.index(name) for name in served.classes]] = np.arange(len(served.classes))
    rows = np.flatnonzero(dataset.pool & ~dataset.in_holdout)
    probabilities = served.probabilities(dataset.features[rows])
    return Predicted(
        rows=rows,
        classes=np.array([dataset.classes.index(name) for name in served.classes])[probabilities.argmax(axis=1)],
        confidences=np.minimum(probabilities.max(axis=1), 1.0),
        evidence=out_of_fold.gather(
            quick, served, dataset.features, column[dataset.targets], dataset.counted, affinity(nearest)
        ),
    )


def _enlarged(world: World) -> World:
    """The world with all images in the project that need not lie elsewhere: audits are for large sets."""
    features = np.concatenate([world.project.features, world.elsewhere.features])
    return replace(world, project=WorldImages(features, np.concatenate([world.project.labels, world.elsewhere.labels])))


def _answered(right: BoolArray, plan: AuditPlan) -> AuditVerdict:
    """The verdict as soon as it is decided: people answer one image after the other."""
    errors = np.cumsum(~right)
    decisive = int(np.searchsorted(errors, plan.allowed_errors + 1)) + 1
    return judge(right[:decisive], plan, ALLOWED)


def _relabelled(labelled: LabelledWorld, rows: IntArray, truth: IntArray) -> LabelledWorld:
    targets = labelled.dataset.targets.copy()
    targets[rows] = truth[rows]
    dataset = replace(labelled.dataset, targets=targets)
    return replace(labelled, dataset=dataset, head=train.run(dataset))
