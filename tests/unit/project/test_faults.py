"""Every fault that was found has a test that holds it off, named by its number."""

import re
from pathlib import Path

LISTED = re.compile(r"^\| ([RS]\d+) \|", re.MULTILINE)
MARKED = re.compile(r"""\bfault\("([RS]\d+)"\)""")


def test_every_fault_of_the_page_has_a_test_and_the_other_way_round(checkout: Path) -> None:
    listed = LISTED.findall((checkout / "docs" / "reliability.md").read_text())
    marked = {number for file in (checkout / "tests").rglob("test_*.py") for number in MARKED.findall(file.read_text())}
    assert sorted(marked) == sorted(listed)
