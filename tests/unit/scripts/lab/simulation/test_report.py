"""What runs say together, and how it is written down."""

import json
import re
from collections.abc import Sequence
from html.parser import HTMLParser

import numpy as np
import pytest

from scripts.lab.simulation import report, tables
from scripts.lab.simulation.curve import CurvePoint
from scripts.lab.simulation.estimates import mean_interval, paired_ratio, to_target
from scripts.lab.simulation.page import page, verdict
from scripts.lab.simulation.records import RunRecord
from scripts.lab.simulation.summary import Summary, summarise
from tests.unit.scripts.lab.simulation.simulated import run_options

TARGETS = (0.8, 0.9)


def record(strategy: str, accuracies: Sequence[float | None], split: int = 0, seed: int = 0) -> RunRecord:
    """A run measured every 10 labels."""
    points = (
        CurvePoint(10 * number, accuracy, None if accuracy is None else 0.1, number, strategy, 0.5, 0.2, 0.9)
        for number, accuracy in enumerate(accuracies, 1)
    )
    return RunRecord(run_options(strategy, split=split, seed=seed), "digest", tuple(points))


def three(strategy: str, *crossings: int) -> list[RunRecord]:
    """A run for each number of tens of labels at which it crosses 0.8 and 0.9; 0 never does."""
    return [
        record(strategy, [0.95 if crossing and number >= crossing else 0.1 for number in range(1, 7)], split)
        for split, crossing in enumerate(crossings)
    ]


@pytest.fixture
def summaries() -> list[Summary]:
    records = [*three("auto", 2, 2, 3), *three("margin", 4, 5, 5), *three("skactiveml:badge", 4, 0, 6)]
    return summarise(records, ["auto", "margin", "random", "skactiveml:badge"], TARGETS)


def test_the_first_crossing_counts_even_where_accuracy_falls_again() -> None:
    run = record("margin", [None, 0.79, 0.8, 0.7, 0.91])
    assert [run.to_target(target) for target in (0.8, 0.9, 0.95)] == [30, 50, None]


def test_runs_that_never_got_there_make_the_mean_a_lower_bound() -> None:
    assert to_target([100, 300], [500, 500]).text == "200 ± 1,271"
    assert to_target([100, None], [500, 500]).text == "> 300 (1 of 2)"
    assert to_target([100], [500]).text == "100"


def test_the_interval_of_a_mean_is_students() -> None:
    found = mean_interval([1.0, 2.0, 3.0])
    assert (found.value, found.low) == pytest.approx((2.0, 2.0 - 4.3027 / np.sqrt(3)), abs=1e-3)
    assert mean_interval([4.0]).low == mean_interval([4.0]).high == 4.0


def test_a_ratio_is_of_means_and_its_interval_holds_it() -> None:
    found = paired_ratio([200, 250, 300], [400, 450, 650], [900] * 3)
    assert found is not None
    assert found.estimate.value == pytest.approx(0.5)
    assert found.estimate.low < 0.5 < found.estimate.high
    assert not found.at_most


def test_equal_pairs_leave_no_doubt() -> None:
    found = paired_ratio([200, 300], [400, 600], [900, 900])
    assert found is not None
    assert found.estimate.low == found.estimate.high == 0.5


def test_the_interval_of_a_ratio_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(60):
        difficulty = rng.normal(500, 60, 10)
        ours, theirs = (scale * difficulty + rng.normal(0, 30, 10) for scale in (0.6, 1.0))
        found = paired_ratio(ours.round().astype(int).tolist(), theirs.round().astype(int).tolist(), [900] * 10)
        assert found is not None
        held += found.estimate.low <= 0.6 <= found.estimate.high
    assert held >= 50


def test_a_ratio_to_one_that_never_got_there_is_an_upper_bound() -> None:
    found = paired_ratio([200, 200], [400, None], [600, 600])
    assert found is not None
    assert found.text.startswith("≤ 0.40")


def test_there_is_no_ratio_of_one_pair_or_of_a_run_that_never_got_there() -> None:
    assert paired_ratio([200], [400], [600]) is None
    assert paired_ratio([200, None], [400, 400], [600, 600]) is None


def test_pairs_are_of_the_same_split_and_seed() -> None:
    records = [*three("auto", 2, 4), *reversed(three("margin", 4, 8, 1))]
    auto, _ = summarise(records, ["auto", "margin"], [0.8])
    assert auto.ratio[0.8] is not None
    assert auto.ratio[0.8].estimate.value == pytest.approx((20 + 40) / (40 + 60))


def test_a_curve_has_the_points_that_every_run_has() -> None:
    records = [record("auto", [0.5, 0.7, 0.9]), record("auto", [0.7, 0.9], split=1), record("auto", [None, 0.8], 2)]
    (auto,) = summarise(records, ["auto"], TARGETS)
    assert [(labels, round(found.value, 3)) for labels, found in auto.curve(lambda point: point.accuracy)] == [
        (20, 0.8)
    ]


def test_the_baseline_is_margin_or_what_was_named_first() -> None:
    records = [*three("random", 4, 4), *three("auto", 2, 2)]
    random, auto = summarise(records, ["random", "auto"], [0.8])
    assert random.ratio[0.8] is None
    assert auto.ratio[0.8] is not None
    assert auto.ratio[0.8].estimate.value == 0.5


def test_the_table_compares_and_leaves_out_what_was_not_run(summaries: list[Summary]) -> None:
    rows = [re.split(r"\s{2,}", line) for line in tables.labels(summaries, TARGETS).text().splitlines()]
    assert rows[1][:4] == ["strategy", "runs", "labels to 80 %", "ratio to margin (95 %)"]
    assert [row[0] for row in rows[2:]] == ["auto", "margin", "skactiveml:badge"]
    assert rows[2][2].startswith("23 ± ")
    assert rows[2][3].startswith("0.50 (")
    assert rows[4][2:4] == ["> 53 (2 of 3)", "–"]


def test_the_verdict_names_the_best_and_warns_of_few_runs(summaries: list[Summary]) -> None:
    said = verdict(summaries, TARGETS)
    assert said.startswith("auto needs the fewest labels to 90 %: 23 ± ")
    assert "times those of margin" in said
    assert "may be chance" in said


def test_the_verdict_says_when_two_can_t_be_told_apart() -> None:
    records = [*three("auto", 2, 5, 3, 4, 3), *three("margin", 4, 3, 4, 3, 4)]
    assert "The two can't be told apart" in verdict(summarise(records, ["auto", "margin"], TARGETS), TARGETS)


def test_where_the_baseline_is_the_best_the_next_is_compared_with_it() -> None:
    records = [*three("margin", 2, 2, 2, 2, 2), *three("auto", 3, 3, 3, 3, 3), *three("random", 0, 4, 4, 4, 4)]
    said = verdict(summarise(records, ["auto", "margin", "random"], TARGETS), TARGETS)
    assert said == "margin needs the fewest labels to 90 %: 20 ± 0; auto needs 1.50 (1.50–1.50) times as many."


def test_without_a_target_reached_the_verdict_says_what_to_do() -> None:
    (never,) = summarise(three("auto", 0, 0), ["auto"], TARGETS)
    assert "10 % at the end. Give a larger --budget or lower --targets." in verdict([never], TARGETS)


def test_the_json_holds_each_run_with_its_curve_and_targets() -> None:
    written = json.loads(report.as_json([record("skactiveml:badge", [None, 0.85])], TARGETS, {"batch": 10}))
    assert written["settings"] == {"batch": 10}
    (run,) = written["runs"]
    assert (run["strategy"], run["peer"], run["split"], run["seed"]) == ("skactiveml:badge", "scikit-activeml", 0, 0)
    assert run["to_target"] == {"0.8": 20, "0.9": None}
    assert {"labels", "accuracy", "ece", "seconds", "classes_seen", "rank_seconds"} <= run["curve"][0].keys()


def test_the_csv_has_a_line_for_each_measurement() -> None:
    head, *lines = report.as_csv([record("auto", [None, 0.85], split=3)]).splitlines()
    assert head.startswith("strategy,peer,split,seed,labels,accuracy,ece,classes_seen")
    assert [line[:16] for line in lines] == ["auto,,3,0,10,,,1", "auto,,3,0,20,0.8"]


class Resources(HTMLParser):
    """Whatever a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.found += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]


def test_the_page_needs_nothing_but_itself(summaries: list[Summary]) -> None:
    html = page(summaries, TARGETS, {"data": "<script>x</script>", "seeds": (0, 1)}, 6)
    reader = Resources()
    reader.feed(html)
    assert [found[:22] for found in reader.found] == ["data:image/png;base64,"] * 3
    assert "script" not in reader.tags
    assert not re.search(r"url\(|@import|https?://", html)
