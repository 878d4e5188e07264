"""The reading orders of docs/architecture.md are held to the code: each module exists, once, and leads on."""

import re
from pathlib import Path

import grimp
import pytest

from backend.queue.jobs import JobKind

MOST_MODULES = 15
QUEUE = "backend.queue.project_queue"
HANDED_OUT_BY = ("backend.services", "backend.web.routes.current")
"""What these import is at the hand of whoever imports them: they make it and hand it out."""


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    return grimp.build_graph("backend", "model")


@pytest.fixture(scope="module")
def orders(checkout: Path) -> dict[str, list[str]]:
    """Modules by the title of their way."""
    _, _, text = (checkout / "docs" / "architecture.md").read_text().partition("## Reading orders")
    ways = re.split(r"^### ", text.partition("\n## ")[0], flags=re.MULTILINE)[1:]
    return {way.partition("\n")[0]: re.findall(r"^\d+\. `([\w/]+\.py)`", way, re.MULTILINE) for way in ways}


def module(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".")


def leads_to(imports: grimp.ImportGraph, start: str) -> set[str]:
    """What a module imports or is handed; the queue leads to the functions of its jobs, which Redis carries by name."""
    found = set(imports.find_modules_directly_imported_by(start))
    for giver in found.intersection(HANDED_OUT_BY):
        found |= imports.find_modules_directly_imported_by(giver)
    if start == QUEUE:
        found |= {kind.function.rpartition(".")[0] for kind in JobKind}
    return found


def test_there_are_the_four_ways(orders: dict[str, list[str]]) -> None:
    assert list(orders) == [
        f"The way of {what}" for what in ("a task", "an image", "an auto-labelling", "a fine-tuning")
    ]


def test_a_reader_opens_few_modules_and_none_twice(orders: dict[str, list[str]]) -> None:
    assert {title: way for title, way in orders.items() if not 5 < len(set(way)) == len(way) <= MOST_MODULES} == {}


def test_each_module_is_reached_from_one_before_it(imports: grimp.ImportGraph, orders: dict[str, list[str]]) -> None:
    unreached = []
    for title, way in orders.items():
        reached = leads_to(imports, module(way[0]))
        for path in way[1:]:
            if module(path) not in reached:
                unreached.append(f"{title}: {path}")
            reached |= leads_to(imports, module(path))
    assert unreached == []
