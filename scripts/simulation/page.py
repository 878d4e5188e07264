"""The comparison as one HTML page that needs nothing but itself."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from scripts.simulation import plots, tables
from scripts.simulation.summary import Summary, baseline_of
from scripts.simulation.tables import Table

WORDS = {"None": "–", "True": "yes", "False": "no"}
STYLE = """
:root { color-scheme: light; }
body { margin: 0; background: #f6f7f9; color: #1f2937; font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto,
  "Helvetica Neue", Arial, sans-serif; }
main { max-width: 940px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { font-size: 28px; line-height: 1.25; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 19px; margin: 0 0 12px; }
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
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 20px; margin: 0; font-size: 15px; }
dd { margin: 0; overflow-wrap: anywhere; }
"""

FEW_RUNS = 5
"""Label counts vary by a hundred between runs: of fewer, the best is a guess."""

RATIO_NOTE = (
    "Labels to a target are those at the first measurement that reaches it; a run that never does counts its last "
    "label, and the mean is a lower bound then. The ratio is of means over the same splits and seeds, its interval a "
    "bootstrap over these pairs: below 1, fewer labels are needed."
)
SECONDS_NOTE = (
    "A cycle is what the loop does from new labels to a new order: train, evaluate, rank. Serving is its second stage, "
    "which makes the head that is measured here, while nobody waits. Medians, with one thread a run; without reading "
    "the project and publishing."
)


def page(summaries: Sequence[Summary], targets: Sequence[float], about: Mapping[str, Any], classes: int) -> str:
    """The page's HTML.

    Args:
        summaries: at least one.
        targets: accuracies.
        about: what made it, for a list of settings.
        classes: of the data.
    """
    name = escape(str(about["data"]))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Labels needed on {name}</title>
<style>{STYLE}</style>
</head>
<body><main>
<h1>How many labels does it take?</h1>
<p class="about">{name} – labelling replayed in the order of each strategy</p>
<section class="best"><p>{escape(verdict(summaries, targets))}</p></section>
<section><h2>Labels to a target</h2>{_table(tables.labels(summaries, targets))}
<p class="note">{escape(RATIO_NOTE)}</p></section>
<section><h2>Accuracy</h2>{_image(plots.accuracy(summaries, targets), "Accuracy by labels")}
<p class="note">Mean over runs; the band is its 95 % interval.</p></section>
<section><h2>Calibration</h2>{_image(plots.calibration(summaries), "Expected calibration error by labels")}
<p class="note">The mean gap between confidence and accuracy on the test images, 15 bins: lower is better.</p></section>
<section><h2>Classes found</h2>{_image(plots.coverage(summaries, classes), "Classes with a label by labels")}
<p class="note">Share of the {classes} classes that have a label.</p></section>
<section><h2>At the end of the runs</h2>{_table(tables.ends(summaries))}
<p class="note">{escape(SECONDS_NOTE)}</p></section>
<section><h2>Settings</h2><dl>{"".join(_term(key, value) for key, value in about.items())}</dl></section>
</main></body>
</html>
"""


def verdict(summaries: Sequence[Summary], targets: Sequence[float]) -> str:
    """The best strategy in a few words: fewest labels to the highest target that one always reaches."""
    for target in sorted(targets, reverse=True):
        there = [each for each in summaries if each.to_target[target].always]
        if there:
            best, *others = sorted(there, key=lambda each: each.to_target[target].estimate.value)
            said = f"{best.strategy} needs the fewest labels to {tables.percent(target)}: {best.to_target[target].text}"
            baseline = baseline_of([summary.strategy for summary in summaries])
            return f"{said}{_compared(best, others, target, baseline)}"
    best = max(summaries, key=_end)
    return (
        f"No strategy reached a target in every run. {best.strategy} came furthest: {tables.percent(_end(best))} "
        "at the end. Give a larger --budget or lower --targets."
    )


def _compared(best: Summary, others: Sequence[Summary], target: float, baseline: str) -> str:
    """How the best differs from the baseline, or the next from it where it is the best; and what to doubt."""
    ratio = best.ratio[target]
    said = "." if ratio is None else f", {ratio.text} times those of {baseline}."
    if ratio is None and others:
        ratio = others[0].ratio[target]
        said = "." if ratio is None else f"; {others[0].strategy} needs {ratio.text} times as many."
    if ratio is not None and ratio.estimate.low <= 1.0 <= ratio.estimate.high:
        return f"{said} The two can't be told apart: give more --splits and --seeds."
    if len(best.runs) < FEW_RUNS:
        return f"{said} With {len(best.runs)} of its runs that may be chance: give more --splits and --seeds."
    return said


def _end(summary: Summary) -> float:
    found = summary.last(lambda point: point.accuracy)
    return 0.0 if found is None else round(found.value, 3)


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.header)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table.rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _image(png: bytes, text: str) -> str:
    return f'<img alt="{escape(text)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def _term(key: str, value: Any) -> str:
    shown = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else WORDS.get(str(value), value)
    return f"<dt>{escape(key.replace('_', ' '))}</dt><dd>{escape(str(shown))}</dd>"
