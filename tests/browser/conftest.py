"""A real Chromium, begun anew for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Playwright, sync_playwright

from tests.browser.annotator import BrowserAnnotator
from tests.support.label_studio import RunningLabelStudio

RESULTS = Path(__file__).parents[2] / "test-results"
WINDOW = {"width": 1280, "height": 800}
# Nothing but Label Studio is to be asked: no updates, no suggestions, no synchronisation.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 60_000


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshot", type=Path, help="where to write the labeling page's picture, e.g. for the README")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture
def browser(playwright: Playwright, tmp_path: Path) -> Iterator[BrowserContext]:
    """Debian's Chromium with an empty profile."""
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("no chromium on the PATH; on Debian: apt-get install chromium")
    context = playwright.chromium.launch_persistent_context(
        tmp_path / "profile", executable_path=executable, headless=True, args=[*ARGUMENTS], viewport=WINDOW
    )
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def annotator(
    browser: BrowserContext, label_studio: RunningLabelStudio, request: pytest.FixtureRequest
) -> Iterator[BrowserAnnotator]:
    """The owner, logged in; what they see at the test's end is kept in test-results/."""
    person = BrowserAnnotator(browser.pages[0], label_studio.url)
    person.log_in(label_studio.owner)
    yield person
    person.look(RESULTS / f"{request.node.name}.png")


@pytest.fixture
def picture(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where the labeling page's picture goes: where `--screenshot` says, or nowhere that lasts."""
    wanted: Path | None = request.config.getoption("--screenshot", None)
    return wanted or tmp_path / "page.png"
