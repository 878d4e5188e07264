"""What is told of each state in which something is wrong, or nothing happens."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backend import __version__
from backend.causes.kinds import Cause, CauseKind
from backend.project import Project
from backend.queue.failures import FailingRuns
from backend.queue.watch import OLDER, Standing
from backend.settings import Settings
from backend.store.ours import chosen_by_hand
from backend.store.overview import ProjectOverview, UnusableImages
from backend.store.quarantine import SetAside
from backend.store.records.label_counts import LabelCounts
from backend.store.records.mirror import NOT_CONNECTED, MirroredProject
from backend.web.health.disk import Disk, look_at
from backend.web.health.problem import KINDS, Problem, ProblemKind, Severity
from backend.web.health.problems import gather
from backend.web.health.status import Status

pytestmark = pytest.mark.fault("S6")

URL = "http://label-studio.example"
SETTINGS = Settings(label_studio_url=URL)
ROOM = Disk(Path("/data"), 10**12, 10**6, writable=True)
WELL = Status(
    workers=1,
    worker_releases=frozenset({__version__}),
    backbone_ready=True,
    disk=ROOM,
    probed=True,
)


def mirrored(**values: Any) -> MirroredProject:
    """A project that all is well with."""
    known = MirroredProject(
        project=Project(URL, 3),
        title="squares",
        label_config="",
        model_version="20260101-000000-000",
        sampling="Uncertainty sampling",
        watermark=None,
        compared_at=None,
        active_version="20260101-000000-000",
        refreshed_version=None,
        problem=None,
    )
    return replace(known, **values)


def of_project(**values: Any) -> Status:
    """A backend that all is well with, with one project."""
    of = values.pop("of", mirrored())
    busy = ProjectOverview(tasks=10, answered=5)
    known = {"overviews": {3: busy}, "projects": {3: of}}
    return replace(WELL, **{**known, **values})


def told(status: Status, kind: ProblemKind, settings: Settings = SETTINGS) -> Problem:
    """The only thing that is told, and of that kind."""
    (found,) = gather(status, settings)
    assert found.kind is kind
    assert "\n" not in found.line
    assert found.line.endswith(f"[{kind}]")
    return found


def test_nothing_is_told_of_a_backend_that_is_well() -> None:
    assert list(gather(WELL, SETTINGS)) == []
    assert list(gather(of_project(), SETTINGS)) == []


def test_before_the_first_look_nothing_is_promised() -> None:
    told(Status(), ProblemKind.STARTING)


@pytest.mark.fault("S8")
def test_a_service_that_anybody_may_call_is_told() -> None:
    settings = Settings(label_studio_url=URL, host="0.0.0.0")
    assert "BASIC_AUTH_USER" in told(WELL, ProblemKind.OPEN_TO_ANYBODY, settings).mend


def test_old_news_are_told_as_old() -> None:
    looked = {"projects": time.monotonic(), "stores": time.monotonic() - 100.0}
    assert "100 s" in told(replace(WELL, looked=looked), ProblemKind.CHECKS_STAND_STILL).message


def test_a_redis_that_is_full_is_told_with_its_mend_and_no_worker_is_missed_then() -> None:
    status = replace(WELL, redis=Cause(CauseKind.REDIS_FULL), workers=0)
    assert "maxmemory" in told(status, ProblemKind.REDIS).mend


def test_a_redis_that_forgets_is_told() -> None:
    told(replace(WELL, redis_may_forget=True), ProblemKind.REDIS_FORGETS)


def test_a_missing_worker_is_told_with_what_may_have_it_look_elsewhere() -> None:
    assert "REDIS_URL" in told(replace(WELL, workers=0, worker_releases=frozenset()), ProblemKind.NO_WORKER).mend


@pytest.mark.parametrize("other", ["0.0.1", OLDER])
def test_a_worker_of_another_release_is_told(other: str) -> None:
    status = replace(WELL, worker_releases=frozenset({__version__, other}))
    assert other in told(status, ProblemKind.OTHER_RELEASE).message


def test_a_database_that_cannot_be_read_is_told() -> None:
    told(replace(WELL, database={"stores": Cause(CauseKind.DATABASE_CORRUPT)}), ProblemKind.DATABASE)


@pytest.mark.parametrize(
    "disk",
    [
        replace(ROOM, free=400_000_000),
        replace(ROOM, free=0),
        replace(ROOM, inodes=3),
        replace(ROOM, writable=False),
    ],
)
def test_a_disk_that_takes_nothing_soon_is_told(disk: Disk) -> None:
    assert "/data" in told(replace(WELL, disk=disk), ProblemKind.DISK).message


def test_a_folder_is_looked_at_without_writing_to_it(tmp_path: Path) -> None:
    disk = look_at(tmp_path)
    assert disk.writable
    assert disk.free > 0
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_is_told() -> None:
    told(replace(WELL, disk=None, disk_problem=Cause(CauseKind.DISK_FAILS)), ProblemKind.DISK)


def test_a_second_web_process_is_told() -> None:
    told(replace(WELL, alone=False), ProblemKind.TWO_WEB_PROCESSES)


@pytest.mark.parametrize(("skew", "how"), [(90.0, "90 s ahead of"), (-7200.0, "2 h 0 min behind")])
def test_clocks_that_are_far_apart_are_told(skew: float, how: str) -> None:
    status = replace(WELL, clocks={"Label Studio": skew, "Redis": 3.0})
    assert how in told(status, ProblemKind.CLOCKS).message


def test_what_was_set_aside_is_told_with_what_is_lost() -> None:
    aside = (SetAside("1", "a", "garbage", "A proof is gone."), SetAside("2", "b", "torn"))
    message = told(replace(WELL, set_aside=aside), ProblemKind.SET_ASIDE).message
    assert message.startswith("2 files and folders")
    assert "b last (torn)" in message
    assert "A proof is gone." in message


def test_an_mlflow_that_takes_nothing_is_told_after_an_hour() -> None:
    assert list(gather(replace(WELL, outbox=5, untracked_seconds=60.0), SETTINGS)) == []
    told(replace(WELL, outbox=5, untracked_seconds=4000.0), ProblemKind.NOT_TRACKED)


def test_failing_runs_are_told_with_how_often_since_when_and_why() -> None:
    failing = FailingRuns(79, "2026-01-02T03:04:05+00:00", "KeyError: 'spam'")
    found = told(of_project(failing={3: failing}), ProblemKind.RUNS_FAIL)
    assert "79 times in a row since 2026-01-02 03:04:05 UTC" in found.message
    assert "KeyError: 'spam'" in found.message
    assert found.since is not None and found.since.isoformat() == failing.since
    assert found.line.startswith("Project 3: ")


@pytest.mark.fault("R6")
def test_images_are_told_with_the_three_commonest_causes() -> None:
    kinds = (CauseKind.NOT_FOUND, CauseKind.UNKNOWN_HOST, CauseKind.IMAGE_UNREADABLE, CauseKind.IMAGE_TOO_LARGE)
    unusable = tuple(UnusableImages(kind, 9 - place, place + 1) for place, kind in enumerate(kinds))
    message = told(
        of_project(overviews={3: ProjectOverview(tasks=100, answered=1, unusable=unusable)}),
        ProblemKind.IMAGES_UNUSABLE,
    ).message
    assert message.startswith("30 of 100 images can't be used: 9 × there is nothing at this address (404) (task 1)")
    assert "[image-unreadable]" in message
    assert "image-too-large" not in message
    assert "1 more cause" in message


@pytest.mark.parametrize(
    ("standing", "others", "workers", "why"),
    [
        (Standing(75.0, None, leased=False), {}, 1, "none of them has the project"),
        (Standing(75.0, None, leased=False), {5: Standing(None, 60.0, leased=True)}, 1, "at work on project 5"),
        (Standing(1000.0, 900.0, leased=True), {}, 1, "its run has been under way for 15 min"),
    ],
)
def test_a_standstill_is_told_with_what_is_in_the_way(
    standing: Standing, others: dict[int, Standing], workers: int, why: str
) -> None:
    status = of_project(standings={3: standing, **others}, workers=workers)
    message = told(status, ProblemKind.STANDSTILL).message
    assert "s ago" in message or "min ago" in message
    assert why in message


def test_a_job_that_takes_long_is_no_standstill() -> None:
    assert list(gather(of_project(standings={3: Standing(75.0, 90.0, leased=True)}), SETTINGS)) == []


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        ({"failing": {8: FailingRuns(2, "", "no token")}}, ProblemKind.RUNS_FAIL),
        ({"standings": {8: Standing(75.0, None, leased=False)}}, ProblemKind.STANDSTILL),
    ],
)
def test_of_a_project_that_no_run_has_got_to_know_its_runs_are_told(seen: dict[str, Any], kind: ProblemKind) -> None:
    assert told(replace(WELL, **seen), kind).project == 8


def test_what_waits_for_some_seconds_is_no_standstill() -> None:
    assert list(gather(of_project(standings={3: Standing(20.0, 5.0, leased=True)}), SETTINGS)) == []


def test_a_config_that_is_refused_is_told_and_nothing_else_of_its_images() -> None:
    refused = mirrored(problem="The label config has 0 Image tags; this backend needs exactly one.")
    status = of_project(of=refused, overviews={3: ProjectOverview()})
    assert "0 Image tags" in told(status, ProblemKind.PROJECT_REFUSED).message


@pytest.mark.fault("R9")
def test_another_model_that_was_chosen_by_hand_is_told_with_where_to_choose() -> None:
    chosen = mirrored(problem=chosen_by_hand("other", "Label Loop"), model_version="other")
    assert "Annotation" in told(of_project(of=chosen), ProblemKind.OTHER_MODEL_CHOSEN).mend


def test_annotations_without_effect_are_told() -> None:
    counts = LabelCounts(people=10, dropped={"cat": 4})
    message = told(of_project(of=mirrored(label_counts=counts)), ProblemKind.LABELS_WITHOUT_EFFECT).message
    assert "4 annotations" in message
    assert "cat" in message


def test_a_project_that_may_be_gone_is_told_before_it_is_forgotten() -> None:
    told(of_project(of=mirrored(missing_since=datetime(2026, 1, 1, tzinfo=UTC))), ProblemKind.PROJECT_MISSING)


def test_of_a_project_that_was_disconnected_nothing_is_told() -> None:
    failing = {3: FailingRuns(1, "", "gone")}
    assert list(gather(of_project(of=mirrored(problem=NOT_CONNECTED), failing=failing), SETTINGS)) == []


@pytest.mark.parametrize(
    ("overview", "kind"),
    [
        (ProjectOverview(), ProblemKind.NO_TASKS),
        (ProjectOverview(tasks=10, answered=10), ProblemKind.ALL_ANSWERED),
        (ProjectOverview(tasks=10, waiting=8), ProblemKind.IMAGES_WAIT),
    ],
)
def test_why_nothing_happens_is_a_note(overview: ProjectOverview, kind: ProblemKind) -> None:
    assert told(of_project(overviews={3: overview}), kind).level is Severity.NOTE


def test_labels_of_one_class_are_a_note() -> None:
    of = mirrored(label_counts=LabelCounts(people=4, classes=1))
    assert told(of_project(of=of), ProblemKind.ONE_CLASS).level is Severity.NOTE


def test_a_project_that_is_being_pulled_is_not_told_to_be_empty() -> None:
    assert list(gather(of_project(overviews={3: ProjectOverview(pulled=False)}), SETTINGS)) == []


def test_a_holdout_of_everything_is_a_note() -> None:
    told(WELL, ProblemKind.NOTHING_BUT_HOLDOUT, Settings(label_studio_url=URL, holdout_share=1.0))


def test_another_order_that_somebody_chose_is_told_as_left() -> None:
    found = told(of_project(of=mirrored(sampling="Sequential sampling")), ProblemKind.OTHER_ORDER_CHOSEN)
    assert "left so" in found.message
    assert found.level is Severity.NOTE


def test_an_older_version_that_somebody_chose_is_told() -> None:
    found = told(of_project(of=mirrored(model_version="20251231-000000-000")), ProblemKind.OLDER_VERSION_CHOSEN)
    assert found.level is Severity.NOTE


def test_a_version_that_is_about_to_be_noted_as_active_is_nobodys_choice() -> None:
    assert list(gather(of_project(of=mirrored(model_version="20260101-000001-000")), SETTINGS)) == []


def test_every_kind_has_words_for_a_person() -> None:
    assert all(of.meaning.endswith(".") and of.mend.endswith(".") for of in KINDS.values())
