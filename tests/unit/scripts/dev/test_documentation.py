"""What `./scripts/document` writes."""

from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.core import TyperCommand
from typer.main import get_command

from backend.settings import Settings
from scripts.cli.options import CHECKOUT
from scripts.dev.command_reference import section
from scripts.dev.documentation import replaced
from scripts.dev.launchers import Launcher
from scripts.dev.settings_table import NEEDED, settings_table

app = typer.Typer(rich_markup_mode=None)


@app.command()
def measure(
    seed: Annotated[int, typer.Option(metavar="N", help="With --out: as SEED.")] = 0,
    images: Annotated[int | None, typer.Option(metavar="N", show_default="all")] = None,
    out: Annotated[Path, typer.Option(metavar="DIR")] = CHECKOUT / "results",
) -> None:
    """Measure it.

    See docs/benchmarks.md, or
    run ./scripts/compare.
    """


@pytest.fixture(scope="module")
def page() -> str:
    command = get_command(app)
    assert isinstance(command, TyperCommand)
    return section(Launcher("measure", "scripts.lab", command))


def test_a_section_has_the_help_with_its_links(page: str) -> None:
    text = "### `./scripts/measure`\n\nMeasure it.\n\nSee [benchmarks.md](benchmarks.md), or run `./scripts/compare`.\n"
    assert page.startswith(text)


def test_a_section_has_a_row_for_every_option(page: str) -> None:
    assert "| `--seed N` | With `--out`: as `SEED`. [default: 0] |" in page
    assert "| `--images N` | [default: all] |" in page


def test_no_folder_of_this_machine_gets_into_the_reference(page: str) -> None:
    assert "| `--out DIR` | [default: results] |" in page


def test_a_table_of_settings_has_those_that_it_is_asked_for() -> None:
    table = settings_table(NEEDED)
    assert table.count("\n") == 2 + len(NEEDED)
    assert "| `BACKBONE` | `efficientnet-lite0` |" in table


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_only_the_part_between_the_comments_is_made_anew() -> None:
    page = "above\n<!-- settings: made by ./scripts/document -->\nold\n<!-- end of settings -->\nbelow"
    made = replaced(page, "settings", "new\n")
    assert made == page.replace("old\n", "\nnew\n\n")
    assert replaced(made, "settings", "new\n") == made


def test_a_page_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for the settings"):
        replaced("# Label Loop", "settings", "")
