"""The comparison as a page, as CSV and as JSON."""

import csv
import json
import re
from io import StringIO

import numpy as np
import pytest

from scripts.lab.comparison import mistakes, report, tables
from scripts.lab.comparison.figures import ModelFigures
from scripts.lab.comparison.outcome import ModelNotRun
from scripts.lab.comparison.page import page
from scripts.lab.comparison.results import JudgedModels
from tests.unit.scripts.lab.comparison.compared import CLASSES, figures, noisy, outcome, split_of
from tests.unit.scripts.lab.simulation.test_report import Resources

TARGETS = np.arange(80) % 3
IMAGES = np.random.default_rng(0).integers(0, 256, (80, 3, 8, 8), dtype=np.uint8)


@pytest.fixture(scope="module")
def judged() -> JudgedModels:
    first = figures(noisy(TARGETS, 3, 1.0), TARGETS, "<b>weak</b>")
    frozen = outcome(noisy(TARGETS, 3, 2.0), "frozen:strong", epochs=0)
    second = ModelFigures.of(frozen, TARGETS, CLASSES, split_of(80))
    return JudgedModels(
        models=(first, second),
        missing=(ModelNotRun("resnet50", "Its weights are not here."),),
        images={"<b>weak</b>": IMAGES, "frozen:strong": IMAGES},
        targets=TARGETS,
        classes=CLASSES,
        split=split_of(80),
        settings={"data": "shapes", "images": 80, "classes": 3},
    )


@pytest.fixture(scope="module")
def html(judged: JudgedModels) -> str:
    return page(judged)


def test_the_page_needs_nothing_but_itself(html: str) -> None:
    reader = Resources()
    reader.feed(html)
    assert {found[:22] for found in reader.found} == {"data:image/png;base64,"}
    assert "script" not in reader.tags
    assert "<b>weak" not in html
    assert not re.search(r"url\(|@import|https?://", html)


def test_the_page_shows_every_chart(html: str) -> None:
    shown = re.findall('alt="([^"]+)"', html)
    assert shown[:3] == ["Loss and accuracy by epoch", "Accuracy by confidence", "Images by class"]
    assert shown[3:] == 2 * ["Mistaken images", "Labels by prediction", "Recall, precision, entropy"]


def test_the_page_says_what_was_not_run_and_why(html: str) -> None:
    assert "<dt>resnet50</dt><dd>Its weights are not here.</dd>" in html


def test_the_best_model_comes_first(html: str) -> None:
    assert "frozen:strong is right most often" in html
    assert html.index("<h2>frozen:strong</h2>") < html.index("<h2>&lt;b&gt;weak")


def test_the_csv_has_a_line_for_each_model_and_no_figure_for_one_that_was_not_run(judged: JudgedModels) -> None:
    weak, strong, missing = csv.DictReader(StringIO(report.as_csv(judged)))
    assert float(strong["test_accuracy"]) > float(weak["test_accuracy"])
    assert (strong["epochs"], strong["best_epoch"], weak["best_epoch"]) == ("0", "", "2")
    assert {column: value for column, value in missing.items() if value} == {
        "model": "resnet50",
        "not_run": "Its weights are not here.",
    }


def test_the_curves_have_a_line_for_each_epoch(judged: JudgedModels) -> None:
    lines = list(csv.DictReader(StringIO(report.curves_csv(judged))))
    assert [(line["model"], line["number"]) for line in lines] == [("<b>weak</b>", "1"), ("<b>weak</b>", "2")]


def test_the_json_holds_all_figures(judged: JudgedModels) -> None:
    written = json.loads(report.as_json(judged))
    weak, _ = written["models"]
    assert written["not_run"] == [{"model": "resnet50", "reason": "Its weights are not here."}]
    assert set(weak["parts"]) == {"train", "validation", "test"}
    assert weak["parts"]["test"]["top1"]["value"] == judged.models[0].parts["test"].accuracy.value
    assert np.sum(weak["confusion"]) == 20
    assert weak["calibrated"]["per_class"].keys() == set(CLASSES)
    assert len(weak["history"]) == 2


def test_classes_are_listed_from_the_least_recall(judged: JudgedModels) -> None:
    recalls = [float(row[2].split()[0]) for row in tables.by_class(judged.models[0]).rows]
    assert recalls == sorted(recalls)
    assert len(recalls) == 3


def test_a_model_without_a_mistake_has_no_pictures_of_any() -> None:
    perfect = figures(noisy(TARGETS, 3, 40.0), TARGETS)
    assert mistakes.grid(perfect, IMAGES, split_of(80).test) is None


@pytest.mark.parametrize(("seconds", "said"), [(7.4, "7 s"), (60.0, "1 min 0 s"), (1234.0, "20 min 34 s")])
def test_a_duration_is_said_as_people_say_it(seconds: float, said: str) -> None:
    assert tables.duration(seconds) == said
