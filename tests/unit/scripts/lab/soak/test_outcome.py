"""What a soak's figures say: each limit that is broken is seen."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from scripts.lab.soak.annotators import Submit, Submits
from scripts.lab.soak.gauges import Gauges, Sample
from scripts.lab.soak.installation import Part
from scripts.lab.soak.outcome import MadeFault, ProjectOutcome, SoakOutcome
from scripts.lab.soak.watch import Seen, made_at


def sample(at: float, megabytes: float = 300.0, threads: int = 20) -> Sample:
    parts = (Part.WEB, Part.WORKER)
    return Sample(at, dict.fromkeys(parts, megabytes), dict.fromkeys(parts, threads), 10.0)


@pytest.fixture
def good() -> SoakOutcome:
    return SoakOutcome(
        minutes=1.0,
        faults=[MadeFault("redis-lost", 1.0, 1.0, 3.0)],
        projects=[ProjectOutcome(submitted=9, kept=9, labelled=10, learned=10, tasks=40)],
        submits=Submits(taken=[Submit(1, 1, 10.0, 0.1)]),
        seen=Seen(versions={1: [("20260101-000000-000", 1.0)]}, most_predictions=1.5),
        gauges=Gauges([sample(each) for each in range(8)], [0.01], [200]),
        malformed=[400],
        outages=[],
    )


def test_a_soak_in_which_nothing_is_lost_holds(good: SoakOutcome) -> None:
    assert good.holds()


BREAKS: dict[str, Callable[[SoakOutcome], dict[str, Any]]] = {
    "a label that the last version does not know": lambda good: {"projects": [replace(good.projects[0], learned=9)]},
    "a version that can't be read": lambda good: {"projects": [replace(good.projects[0], learned=None)]},
    "an acknowledged label that is gone": lambda good: {"projects": [replace(good.projects[0], kept=8)]},
    "a torn version": lambda good: {"seen": replace(good.seen, torn=["x"])},
    "another project's prediction": lambda good: {"seen": replace(good.seen, strange=1)},
    "too many predictions": lambda good: {"seen": replace(good.seen, most_predictions=2.1)},
    "a standstill": lambda good: {"faults": [replace(good.faults[0], standstill=31.0)]},
    "a standstill without end": lambda good: {"faults": [replace(good.faults[0], standstill=None)]},
    "a refused submit": lambda good: {"submits": replace(good.submits, refused=["400"])},
    "an answer 500": lambda _: {"malformed": [400, 500]},
    "an answer 503 of /health": lambda good: {"gauges": replace(good.gauges, statuses=[200, 503])},
    "memory that grows": lambda good: {
        "gauges": replace(good.gauges, samples=[sample(each, megabytes=300.0 + 50 * each) for each in range(8)])
    },
    "threads that grow": lambda good: {
        "gauges": replace(good.gauges, samples=[sample(each, threads=20 + 5 * each) for each in range(8)])
    },
}


@pytest.mark.parametrize("what", BREAKS)
def test_what_is_over_its_limit_is_seen(what: str, good: SoakOutcome) -> None:
    assert not replace(good, **BREAKS[what](good)).holds()


def test_a_submit_is_slow_because_of_us_only_while_label_studio_is_up(good: SoakOutcome) -> None:
    slow = replace(good, submits=Submits(taken=[Submit(1, 1, 10.0, 5.0)]))
    assert seen(slow, "submits over 2 s while Label Studio was up") == "1"
    assert seen(replace(slow, outages=[(4.0, 6.0)]), "submits over 2 s while Label Studio was up") == "0"


def seen(outcome: SoakOutcome, name: str) -> str:
    return next(figure.value for figure in outcome.figures() if figure.name == name)


@pytest.mark.parametrize("name", ["", "Label Loop", "clip-zero-shot", "none"])
def test_a_name_that_is_no_version_of_ours_has_no_time(name: str) -> None:
    assert made_at(name) is None


def test_a_version_is_named_by_the_second_of_its_making() -> None:
    made = made_at("20261128-190124-648")
    assert made is not None
    assert made.isoformat() == "2026-11-28T19:01:24+00:00"
