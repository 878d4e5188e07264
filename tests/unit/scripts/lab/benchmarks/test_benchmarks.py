"""The benchmarks themselves, at sizes that take a moment: what they measure is real, the speed no matter."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from model.backbone.embedder import OnnxEmbedder
from model.errors import ImageError
from model.images.decoders import Decoders
from scripts.cli.commands import run
from scripts.lab.app import app
from scripts.lab.benchmarks import (
    cycle,
    embedding,
    images,
    memory,
    predict,
    report,
    rerank,
    retrain,
    samples,
    start,
    webhook,
)
from scripts.lab.benchmarks.errors import BenchmarkError
from scripts.lab.benchmarks.figures import Figure, Measured, percentile
from scripts.lab.benchmarks.images import LIMITS
from scripts.lab.benchmarks.options import NAMES, BenchmarkName, BenchmarkOptions
from scripts.lab.benchmarks.projects import BenchmarkProject, make
from scripts.lab.benchmarks.stack import Stack
from tests.support.stack import RunningStack


def test_the_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.0
    assert percentile([float(value) for value in range(1, 101)], 0.99) == 99.0
    assert percentile([7.0], 0.99) == 7.0


def test_a_figure_meets_a_most_from_below_and_a_least_from_above() -> None:
    assert Figure("time", 5.0, "s", 5.0).met is True
    assert Figure("time", 5.1, "s", 5.0).met is False
    assert Figure("ratio", 4.0, "times", 4.0, at_least=True).met is True
    assert Figure("ratio", 3.9, "times", 4.0, at_least=True).met is False
    assert Figure("stage", 1.0, "s").met is None


def test_the_table_says_what_was_missed_and_the_files_hold_all_of_it(tmp_path: Path) -> None:
    outcomes = {"one": Measured(figures=[Figure("slow", 1234.5, "ms", 50.0), Figure("info", 0.1234, "s")], details={})}
    about = report.machine()
    assert [re.split(r"\s{2,}", line) for line in report.table(outcomes).text().splitlines()] == [
        ["measure", "figure", "target", "met"],
        ["slow", "1,234 ms", "≤ 50 ms", "NO"],
        ["info", "0.123 s"],
    ]
    assert "| slow | 1,234 ms | ≤ 50 ms | NO |" in report.markdown(outcomes, about)
    report.write_json(outcomes, about, tmp_path / "new" / "out.json")
    written = json.loads((tmp_path / "new" / "out.json").read_text())
    assert written["benchmarks"]["one"]["figures"][0]["met"] is False
    assert written["machine"]["cores"] >= 1


def test_only_the_benchmarks_asked_for_are_run_in_their_own_order() -> None:
    in_other_order = [BenchmarkName.CYCLE, BenchmarkName.EMBEDDING]
    assert BenchmarkOptions(only=in_other_order).chosen == (BenchmarkName.EMBEDDING, BenchmarkName.CYCLE)
    assert BenchmarkOptions().chosen == NAMES


@pytest.mark.parametrize("wrong", [["--only", "speed"], ["--tasks", "5"], ["--caltech", "nowhere.tar"]])
def test_a_wrong_option_ends_with_2_and_says_where_to_read_more(
    wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(app, "lab", ["benchmark", *wrong]) == 2
    assert "See lab benchmark --help." in capsys.readouterr().err


def test_photographs_that_are_missing_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, "lab", ["benchmark", "--only", "few-labels"]) == 2
    assert "give them with --caltech" in capsys.readouterr().err


def test_drawn_images_are_readable_all_different_and_drawn_once(tmp_path: Path) -> None:
    made = images.drawn(12, tmp_path / "drawn", classes=3)
    assert len(set(made.read(12))) == 12
    assert made.classes == ["class 000", "class 001", "class 002"]
    before = (tmp_path / "drawn" / made.names[0]).stat().st_mtime_ns
    again = images.drawn(12, tmp_path / "drawn", classes=3)
    assert again == made
    assert (tmp_path / "drawn" / made.names[0]).stat().st_mtime_ns == before


def test_a_folder_per_class_is_unpacked_and_taken_in_parts_with_every_class(tmp_path: Path) -> None:
    for number in range(10):
        file = tmp_path / "source" / f"class {number % 2}" / f"{number}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(images.picture(number, number % 2))
    whole = images.of_path(tmp_path / "source", tmp_path / "unpacked")
    assert len(whole.names) == 10
    assert images.of_path(tmp_path / "source", tmp_path / "unpacked") == whole
    assert whole.part(4).classes == ["class 0", "class 1"]
    with pytest.raises(BenchmarkError, match="smaller --tasks"):
        whole.part(11)


def test_what_is_no_data_set_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.tar").write_text("no tar")
    with pytest.raises(BenchmarkError, match=r"text\.tar"):
        images.of_path(tmp_path / "text.tar", tmp_path / "unpacked")


def test_memory_is_that_of_the_process_and_its_children() -> None:
    own = memory.of_process(os.getpid())
    assert 10.0 < own.own <= own.now <= own.peak
    assert memory.family(os.getpid())[0] == os.getpid()
    with pytest.raises(BenchmarkError, match="process 999999999"):
        memory.of_process(999_999_999)


def test_embedding_compares_equal_features(backbone_folder: Path) -> None:
    outcome = embedding.run([images.picture(number, number) for number in range(3)], backbone_folder, rounds=1)
    assert outcome["details"]["largest_difference"] < 1e-3
    assert outcome["figures"][0].value > 0.5


def test_a_retrain_learns_what_it_is_timed_on() -> None:
    features, labels = samples.drawn(400, 5)
    outcome = retrain.run(features, labels, [f"class {number}" for number in range(5)], labelled=200, rounds=1)
    assert outcome["details"]["accuracy_elsewhere"] > 0.9
    assert outcome["details"]["arm_labels"] > 0
    whole, training, evaluation = (figure.value for figure in outcome["figures"])
    assert whole == pytest.approx(training + evaluation)


def test_a_re_rank_reads_and_orders_every_task_that_has_no_label(tmp_path: Path) -> None:
    outcome = rerank.run(tmp_path, count=2_500, rounds=1)
    (measured,) = outcome["details"]["runs"]
    assert measured["queue"] == 2_500 * (1 - rerank.LABELLED_SHARE)
    assert 50.0 < measured["peak_mb"] < 2_000.0


def test_features_are_embedded_once_and_kept(backbone_folder: Path, tmp_path: Path) -> None:
    files = [images.picture(number, number) for number in range(2)]
    features = samples.embedded(files, backbone_folder, tmp_path / "kept.npy")
    with Decoders(LIMITS) as decoders:
        expected = dict(OnnxEmbedder(backbone_folder).embed_bytes(enumerate(files), decoders))
    assert not any(isinstance(outcome, ImageError) for outcome in expected.values())
    stacked = np.stack([np.asarray(expected[each]) for each in range(2)])
    np.testing.assert_allclose(features, stacked, rtol=1e-3, atol=1e-3)
    (tmp_path / "kept.npy").touch()
    np.testing.assert_array_equal(samples.embedded(files, Path("nowhere"), tmp_path / "kept.npy"), features)


def test_a_web_process_is_timed_until_it_answers_and_weighed_after_it_predicted(
    backbones: Path, tmp_path: Path
) -> None:
    outcome = start.run(tmp_path / "start", backbones, rounds=1)
    (measured,) = outcome["details"]["starts"]
    assert 0.1 < measured["seconds"] < start.PATIENCE
    assert 50.0 < measured["ready_mb"] < measured["peak_mb"]


@pytest.fixture(scope="module")
def measured_stack(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    return Stack(stack.label_studio.server, stack.server, tmp_path_factory.mktemp("records"))


@pytest.fixture(scope="module")
def project(measured_stack: Stack) -> BenchmarkProject:
    drawn = images.drawn(40, measured_stack.label_studio.documents / "benchmark", classes=2)
    return make(measured_stack, drawn, labelled=20)


def test_predictions_are_timed_on_stored_and_new_images(measured_stack: Stack, project: BenchmarkProject) -> None:
    details = predict.run(measured_stack, project, requests_of_one=5, requests_of_many=2)["details"]
    assert details["one_stored_ms"]["count"] == 5
    assert details["one_new_ms"]["count"] == 5
    assert details["many_stored_ms"]["count"] == 2


def test_a_cycle_is_timed_until_a_version_with_the_label_is_active(
    measured_stack: Stack, project: BenchmarkProject
) -> None:
    details = cycle.run(measured_stack, project, "tiny", submits=2)["details"]
    assert [sum(stages.values()) - stages["total"] for stages in details["cycles"]] == pytest.approx(
        [stages["total"] for stages in details["cycles"]]
    )
    assert all(0.0 < stages["publish"] < stages["total"] for stages in details["cycles"])


def test_events_are_timed_while_somebody_annotates(measured_stack: Stack, project: BenchmarkProject) -> None:
    details = webhook.run(measured_stack, project, seconds=2.0, per_second=20.0)["details"]
    assert details["milliseconds"]["count"] == 40
    assert details["annotations"] >= 1
