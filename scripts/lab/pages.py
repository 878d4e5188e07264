"""HTML pages that need nothing but themselves."""

import base64
from collections.abc import Mapping
from html import escape
from typing import Any

from scripts.lab.columns import Table

WORDS = {"None": "–", "True": "yes", "False": "no"}
STYLE = """
:root { color-scheme: light; }
body { margin: 0; background: #f6f7f9; color: #1f2937; font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto,
  "Helvetica Neue", Arial, sans-serif; }
main { max-width: 940px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { font-size: 28px; line-height: 1.25; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 19px; margin: 0 0 12px; }
h3 { font-size: 16px; margin: 22px 0 8px; }
p { margin: 0 0 12px; }
.about, .note, dt { color: #6b7280; }
.note { font-size: 14px; margin: 12px 0 0; }
section { background: #fff; border: 1px solid #e5e7eb; border-radius: 12px; padding: 22px 24px; margin-top: 22px; }
.best { border-left: 5px solid #1f5fbf; font-size: 18px; }
.best p { margin: 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 15px; font-variant-numeric: tabular-nums; }
th { text-align: right; font-weight: 600; color: #4b5563; border-bottom: 2px solid #d1d5db; padding: 6px 10px; }
td { text-align: right; border-bottom: 1px solid #eceef1; padding: 7px 10px; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; font-weight: 600; }
tr:last-child td { border-bottom: 0; }
img { display: block; width: 100%; height: auto; }
summary { cursor: pointer; font-weight: 600; margin: 18px 0 8px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 20px; margin: 0; font-size: 15px; }
dd { margin: 0; overflow-wrap: anywhere; }
"""


def document(title: str, heading: str, subtitle: str, *sections: str) -> str:
    """A whole page.

    Args:
        title: of the browser's tab.
        heading: of the page.
        subtitle: one line below it.
        sections: HTML of each.
    """
    body = "\n".join(sections)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body><main>
<h1>{escape(heading)}</h1>
<p class="about">{escape(subtitle)}</p>
{body}
</main></body>
</html>
"""


def section(heading: str, *parts: str) -> str:
    """A heading and HTML below it."""
    return f"<section><h2>{escape(heading)}</h2>{''.join(parts)}</section>"


def subsection(heading: str, *parts: str) -> str:
    """A smaller heading, inside a section, and HTML below it."""
    return f"<h3>{escape(heading)}</h3>{''.join(parts)}"


def best(said: str) -> str:
    """The answer that the reader came for."""
    return f'<section class="best"><p>{escape(said)}</p></section>'


def settings(about: Mapping[str, Any]) -> str:
    """What made the page, as its last section."""
    return section("Settings", terms({key.replace("_", " "): value for key, value in about.items()}))


def terms(about: Mapping[str, Any]) -> str:
    """Words, and beside each what is said of it."""
    return f"<dl>{''.join(_term(key, value) for key, value in about.items())}</dl>"


def note(said: str) -> str:
    """A remark in small print."""
    return f'<p class="note">{escape(said)}</p>'


def table(shown: Table) -> str:
    """A table without its title."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in shown.header)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in shown.rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def image(png: bytes, text: str) -> str:
    """A picture; the text is for those who can't see it."""
    return f'<img alt="{escape(text)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def folded(said: str, *parts: str) -> str:
    """HTML that a click on `said` unfolds."""
    return f"<details><summary>{escape(said)}</summary>{''.join(parts)}</details>"


def _term(key: str, value: Any) -> str:
    shown = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else WORDS.get(str(value), value)
    return f"<dt>{escape(key)}</dt><dd>{escape(str(shown))}</dd>"
