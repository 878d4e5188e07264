"""Which files hold something generated, and which of them are out of date."""

from scripts.cli.options import CHECKOUT
from scripts.dev.command_reference import command_reference
from scripts.dev.requirements import REQUIREMENTS, requirements
from scripts.dev.settings_table import NEEDED, settings_table
from scripts.dev.troubleshooting_tables import causes_table, problems_table

REFERENCE, TROUBLESHOOTING = "docs/reference.md", "docs/troubleshooting.md"


def outdated() -> dict[str, str]:
    """What each file should hold that holds something else, by its name in the checkout."""
    return {name: text for name, text in generated().items() if _read(name) != text}


def generated() -> dict[str, str]:
    """The text of each file with something generated, by its name in the checkout."""
    reference = replaced(_read(REFERENCE), "settings", settings_table())
    trouble = replaced(_read(TROUBLESHOOTING), "problems", problems_table())
    return {
        "README.md": replaced(_read("README.md"), "settings", settings_table(NEEDED)),
        REFERENCE: replaced(reference, "commands", command_reference()),
        TROUBLESHOOTING: replaced(trouble, "causes", causes_table()),
        **{name: requirements(name) for name in REQUIREMENTS},
    }


def replaced(text: str, part: str, content: str) -> str:
    """A page with one of its parts made anew.

    Args:
        text: of the page.
        part: which two comments enclose.
        content: of the part, without them.

    Raises:
        ValueError: the two comments are not there.
    """
    begin, end = f"<!-- {part}: made by ./scripts/document -->", f"<!-- end of {part} -->"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"There is no place for the {part}: enclose it in {begin} and {end}.")
    return f"{before}{begin}\n\n{content}\n{end}{after}"


def _read(name: str) -> str:
    path = CHECKOUT / name
    return path.read_text() if path.exists() else ""
