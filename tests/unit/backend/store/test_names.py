"""Names made from the time."""

from datetime import UTC, datetime

from backend.store.names import new_name, new_unique_name


def test_names_sort_by_time() -> None:
    moments = [datetime(2026, 1, 2, 3, 4, 5, microsecond, tzinfo=UTC) for microsecond in (0, 1_000, 999_999)]
    names = [new_name(moment) for moment in moments]
    assert names == ["20260102-030405-000", "20260102-030405-001", "20260102-030405-999"]


def test_names_are_unique() -> None:
    assert len({new_unique_name() for _ in range(50)}) == 50
