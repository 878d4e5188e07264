"""HTML pages that need nothing but themselves, rendered from the templates beside the modules of the lab."""

import base64
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

WORDS = {"None": "–", "True": "yes", "False": "no"}


def render(template: str, **values: Any) -> str:
    """Render a page.

    Args:
        template: path of the template below `scripts/lab`, which extends `page.html`.
        values: what the template shows; all text is escaped. `page.html` needs `verdict`, the answer that the reader
            came for, and `settings`, what made the page.

    Returns:
        The page's HTML.
    """
    return _environment().get_template(template).render(values)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["base64"] = lambda png: base64.b64encode(png).decode()
    environment.filters["words"] = _words
    return environment


def _words(value: Any) -> str:
    """A setting as people write it."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return WORDS.get(str(value), str(value))
