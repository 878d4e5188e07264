"""Tables for a terminal and for pipes."""

import pytest

from scripts.lab.tables import Table

TABLE = Table("Accuracy", ("model", "top-1"), (("[b]small[/b]", "91.0 %"), ("large", "9.5 %")))


def test_columns_are_below_each_other_and_brackets_are_no_markup() -> None:
    assert TABLE.text().splitlines() == [
        "Accuracy",
        "model         top-1",
        "[b]small[/b]  91.0 %",
        "large         9.5 %",
    ]


def test_a_table_without_title_and_header_is_its_rows() -> None:
    assert Table("", ("", ""), (("a", "1"), ("bc", "2"))).text() == "a   1\nbc  2"


def test_a_wide_table_is_not_broken() -> None:
    assert len(Table("", ("what", "how"), (("x" * 300, "y"),)).text().splitlines()) == 2


def test_what_is_printed_to_a_pipe_has_no_style(capsys: pytest.CaptureFixture[str]) -> None:
    TABLE.show()
    assert capsys.readouterr().out == f"{TABLE.text()}\n"
