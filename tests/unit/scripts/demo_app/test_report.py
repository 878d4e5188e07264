"""What the simulated annotator's report says of what was seen."""

from dataclasses import replace

from scripts.demo_app.accuracy import AccuracyPoint
from scripts.demo_app.annotator import Submitted
from scripts.demo_app.report import SessionSeen, as_json, failures, fresh_after_seconds, tables
from scripts.demo_app.session import curve_points
from scripts.demo_app.versions import SeenVersion

FIRST = Submitted(
    task=11,
    annotation=101,
    version=None,
    rank_score=None,
    was_lowest=None,
    prediction_right=None,
    submitted_at=10.0,
    submit_seconds=0.2,
)
SECOND = Submitted(
    task=12,
    annotation=102,
    version="v1",
    rank_score=0.25,
    was_lowest=True,
    prediction_right=False,
    submitted_at=12.0,
    submit_seconds=0.4,
)
V1 = SeenVersion("v1", 11.5, frozenset({101}), frozenset({12}))
V2 = SeenVersion("v2", 15.0, frozenset({101, 102}), frozenset({12}))
SESSION = SessionSeen(
    submitted=[FIRST, SECOND],
    curve=[AccuracyPoint(2, 0.75, "v2")],
    versions=[V1, V2],
    stored=frozenset({11, 12}),
    seconds=6.0,
)


def test_the_report_has_the_names_that_were_promised() -> None:
    assert as_json(SESSION) == {
        "annotations": [
            {
                "task": 11,
                "arm": False,
                "rank_score": None,
                "was_lowest": None,
                "prediction_right": None,
                "version": None,
                "submit_seconds": 0.2,
                "fresh_after_seconds": 1.5,
            },
            {
                "task": 12,
                "arm": True,
                "rank_score": 0.25,
                "was_lowest": True,
                "prediction_right": False,
                "version": "v1",
                "submit_seconds": 0.4,
                "fresh_after_seconds": 3.0,
            },
        ],
        "curve": [{"labels": 2, "accuracy": 0.75, "version": "v2"}],
        "totals": {"labels": 2, "accuracy": 0.75, "runs": 2, "median_fresh_after_seconds": 2.25, "seconds": 6.0},
    }


def test_an_annotation_in_no_version_was_never_fresh() -> None:
    assert fresh_after_seconds(SECOND, [V1]) is None


def test_a_random_holdout_that_nobody_told_is_unknown() -> None:
    silent = replace(SESSION, versions=[replace(V2, holdout=None)])
    assert [each["arm"] for each in as_json(silent)["annotations"]] == [None, None]


def test_a_session_whose_loop_ran_has_no_failures() -> None:
    assert failures(SESSION) == []


def test_an_active_version_without_our_annotations_is_a_failure() -> None:
    assert "trained on none" in failures(replace(SESSION, versions=[SeenVersion("v0", 1.0, frozenset(), None)]))[0]


def test_an_annotation_that_label_studio_does_not_hold_is_a_failure() -> None:
    assert "holds no annotation of 1 tasks: [12]" in failures(replace(SESSION, stored=frozenset({11})))[0]


def test_an_empty_session_is_a_failure_and_can_be_printed() -> None:
    empty = SessionSeen([], [], [], frozenset(), 0.0)
    assert failures(empty) == ["Nothing was annotated."]
    assert "not known" in tables(as_json(empty))[1].text()


def test_the_table_tells_how_many_were_lowest() -> None:
    assert "lowest-scored         1 of 1 (100.0%), 1 not known" in tables(as_json(SESSION))[1].text()


def test_the_curve_has_each_tenth_the_fiftieth_and_the_last() -> None:
    assert sorted(curve_points(300)) == [30, 50, 60, 90, 120, 150, 180, 210, 240, 270, 300]
    assert sorted(curve_points(4)) == [1, 2, 3, 4]
    assert curve_points(0) == set()
