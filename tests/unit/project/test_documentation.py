"""What users can set, call, scrape or run is documented, and what is documented is there."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from backend.services import Services
from backend.settings import Settings
from backend.web.app import app_of
from backend.web.service import WebService
from model.rank.registry import NAMES, STRATEGIES

MOST_README_LINES = 150
MOST_COLUMNS = 120
DESIGN_TERMS = (
    "task, annotation, region, prediction, choice, class, backbone, feature, head, version, run, queue, pool, holdout, "
    "rank score, confidence, budget"
)
FILE = re.compile(r"`(?:\./)?((?:backend|model|docs|scripts|tests)/[\w/.]+)`")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> WebService:
    """One that is never started: nothing is connected."""
    return WebService(Services(Settings(model_dir=tmp_path_factory.mktemp("data"))))


@pytest.fixture
def readme(checkout: Path) -> str:
    return (checkout / "README.md").read_text()


@pytest.fixture
def contributing(checkout: Path) -> str:
    return (checkout / "CONTRIBUTING.md").read_text()


@pytest.fixture
def reference(checkout: Path) -> str:
    return (checkout / "docs" / "reference.md").read_text()


def first_column(table: str) -> set[str]:
    """What stands between backticks in the first cells of a Markdown table."""
    cells = re.findall(r"^\|([^|]+)\|", table, re.MULTILINE)
    return {code for cell in cells for code in re.findall(r"`([^`]+)`", cell)}


def section(text: str, title: str) -> str:
    """From a heading to the next of its level or above."""
    level = title.split(maxsplit=1)[0]
    _, found, rest = text.partition(f"{title}\n")
    assert found, title
    return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def test_the_readme_is_short(readme: str) -> None:
    assert len(readme.splitlines()) < MOST_README_LINES


def test_contributors_are_told_where_ranking_is_changed(contributing: str) -> None:
    how = section(contributing, "## How to add")
    for place in ("backend/loop/rank.py", "model/rank/", "model/rank/auto.py", "model/rank/registry.py"):
        assert f"`{place}`" in how


def test_every_strategy_is_documented_with_its_module(checkout: Path) -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(model/rank/\w+\.py)` \|", (checkout / "docs" / "ranking.md").read_text(), re.M)
    modules = {name: f"model/rank/{place.split('.')[0]}.py" for name, place in STRATEGIES.items()}
    assert dict(rows) == {"auto": "model/rank/auto.py", **modules}
    assert [name for name, _ in rows] == sorted(NAMES)


def test_every_file_that_readers_are_sent_to_is_there(checkout: Path) -> None:
    pages = [checkout / "README.md", checkout / "CONTRIBUTING.md", *(checkout / "docs").rglob("*.md")]
    named = [(page.name, name) for page in pages for name in FILE.findall(page.read_text())]
    assert len(named) > 100
    assert [f"{page}: {name}" for page, name in named if not (checkout / name).exists()] == []


def test_no_link_between_documents_is_broken(checkout: Path) -> None:
    pages = [checkout / "README.md", checkout / "CHANGELOG.md", *(checkout / "docs").rglob("*.md")]
    links = [(page, link) for page in pages for link in LINK.findall(page.read_text())]
    assert [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()] == []


def test_every_route_is_documented(service: WebService, reference: str) -> None:
    routes = {rule.rule for rule in app_of(service).url_map.iter_rules()}
    assert first_column(section(reference, "## Routes")) - {"route"} == routes


def test_every_metric_is_documented(service: WebService, reference: str) -> None:
    assert first_column(section(reference, "## Metrics")) == exposed(service.metrics.registry)


def exposed(registry: Collector | CollectorRegistry) -> set[str]:
    """Names as Prometheus sees them; a histogram by the name that its series share."""
    return {family.name + ("_total" if family.type == "counter" else "") for family in registry.collect()}


def commands(checkout: Path) -> list[str]:
    return sorted(path.name for path in (checkout / "scripts").iterdir() if path.is_file() and not path.suffix)


def test_the_page_is_of_the_release_of_mlflow_that_writes_the_runs(checkout: Path) -> None:
    named = re.findall(r"mlflow(?:@|==)([0-9.]+\d)", (checkout / "docs" / "tracking.md").read_text())
    assert named
    assert set(named) == {version("mlflow-skinny")}


def test_every_command_is_documented(checkout: Path, reference: str) -> None:
    titles = re.findall(r"^### (.+)$", section(reference, "## Commands"), re.MULTILINE)
    assert sorted(re.findall(r"`\./scripts/(\w+)`", " ".join(titles))) == commands(checkout)


def prose(page: Path) -> list[str]:
    """Lines of a page that an author breaks: neither code nor table."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return [line for line in text.splitlines() if not line.startswith(("    ", "|"))]


def test_no_page_has_a_place_that_was_never_filled(checkout: Path) -> None:
    pages = [*checkout.glob("*.md"), *(checkout / "docs").rglob("*.md")]
    assert [page.name for page in pages if re.search(r"@[A-Z]+@|TODO|FIXME", page.read_text())] == []


def test_prose_has_lines_that_fit_beside_the_code(checkout: Path) -> None:
    pages = [*checkout.glob("*.md"), *(checkout / "docs").rglob("*.md")]
    assert [f"{page.name}: {line}" for page in pages for line in prose(page) if len(line) > MOST_COLUMNS] == []


def test_every_term_of_the_design_is_in_the_glossary(checkout: Path) -> None:
    glossary = (checkout / "docs" / "glossary.md").read_text()
    terms = re.findall(r"^\| \*\*([^*]+)\*\* \|", glossary, re.MULTILINE)
    assert [term for term in DESIGN_TERMS.split(", ") if term not in terms] == []
    assert len(terms) == len(set(terms))


def test_every_decision_has_its_parts(checkout: Path) -> None:
    decisions = sorted((checkout / "docs" / "decisions").glob("*.md"))
    assert [int(page.name[:4]) for page in decisions] == list(range(1, len(decisions) + 1))
    for page in decisions:
        text = page.read_text()
        for part in ("**Status.**", "**Context.**", "**Decision.**", "**Consequences.**"):
            assert part in text, page.name
