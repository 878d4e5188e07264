"""The stage that ranks: what the settings do to the queue."""

from pathlib import Path

import numpy as np
import pytest

from backend.loop import rank
from backend.settings import Settings
from backend.store.dataset import Dataset
from model.arrays import IntArray
from model.head.fitting import fit
from model.head.head import FeatureTransform, Head
from model.rank import uncertainty
from model.rank.pool import Pool
from scripts.lab.benchmarks.samples import dataset
from tests.support.logs import logged_here
from tests.unit.model.samples import clouds

CLASSES = ("cat", "dog", "hen")
ORIGINALS, COPIES, LABELLED, ASKED = 60, 3, 30, 20


@pytest.fixture(scope="module")
def project() -> tuple[Dataset, Head]:
    """Sixty images, each three times; thirty of the first copies are labelled."""
    originals, truth = clouds(ORIGINALS, len(CLASSES), spread=1.0)
    features, labels = np.tile(originals, (COPIES, 1)), np.tile(truth, COPIES)
    data = dataset(features, labels, CLASSES, LABELLED)
    head = fit(features[:LABELLED], labels[:LABELLED], CLASSES, FeatureTransform.of(features))
    return data, head


def settings(folder: Path, **given: object) -> Settings:
    return Settings.model_validate({"model_dir": folder, "queue_head": ASKED, "strategy": "entropy", **given})


def asked(project: tuple[Dataset, Head], with_settings: Settings) -> IntArray:
    """Which originals the strategy's first tasks in the queue are copies of."""
    queue, _ = rank.run(*project, with_settings)
    return (queue.task_ids[~queue.from_holdout][:ASKED] - 1) % ORIGINALS


def test_the_head_of_the_queue_holds_no_copies_of_each_other_or_of_labelled_images(
    project: tuple[Dataset, Head], tmp_path: Path
) -> None:
    first = asked(project, settings(tmp_path))
    assert len(set(first)) == ASKED
    assert (first >= LABELLED).all()


def test_near_duplicate_at_one_asks_for_copies_too(project: tuple[Dataset, Head], tmp_path: Path) -> None:
    assert len(set(asked(project, settings(tmp_path, near_duplicate=1)))) < ASKED


def test_copies_stay_in_the_queue(project: tuple[Dataset, Head], tmp_path: Path) -> None:
    queue, _ = rank.run(*project, settings(tmp_path))
    assert sorted(queue.task_ids) == list(range(LABELLED + 1, ORIGINALS * COPIES + 1))


def test_a_strategy_that_fails_is_logged_as_a_warning_with_its_reason(
    project: tuple[Dataset, Head], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(pool: Pool, count: int) -> IntArray:
        raise RuntimeError("out of ideas")

    monkeypatch.setattr(uncertainty, "by_entropy", broken)
    with logged_here() as lines:
        _, strategy = rank.run(*project, settings(tmp_path))
    assert strategy == "margin"
    assert [(line["log_level"], line["reason"]) for line in lines] == [
        ("warning", "entropy failed (RuntimeError: out of ideas)")
    ]
