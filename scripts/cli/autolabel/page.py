"""A certificate as one HTML page that needs nothing else."""

from collections.abc import Iterable
from html import escape
from typing import Any

Json = dict[str, Any]

MOST_ROWS = 1_000
"""Tasks listed; the JSON holds all of them."""

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem }
.seal { padding: .75rem 1rem; border-left: .4rem solid; font-weight: 600 }
.holds { border-color: #1a7f37; background: #e8f5ec } .not { border-color: #b42318; background: #fdecea }
table { border-collapse: collapse } td, th { padding: .2rem 1rem .2rem 0; text-align: left; vertical-align: top }
.wrong { color: #b42318; font-weight: 600 }
"""


def page(certificate: Json) -> str:
    """The page; a plain cut says that it proves nothing before anything else."""
    if certificate["certified"]:
        seal = f'<p class="seal holds">{_text(_claim(certificate))}</p>'
        title = "Certificate of auto-labelling"
    else:
        seal = '<p class="seal not">UNCERTIFIED: a plain cut. Nobody knows how many of these labels are wrong.</p>'
        title = "Auto-labelling without a certificate"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{_text(title)}</title>'
        f"<style>{STYLE}</style></head><body>\n<h1>{_text(title)}</h1>\n{seal}\n"
        f"<p>{_text(certificate['message'])}</p>\n{_table((), _facts(certificate))}\n"
        f"{_audit(certificate)}{_labelled(certificate)}</body></html>\n"
    )


def _claim(certificate: Json) -> str:
    return (
        f"At most {certificate['bound']:.2%} of {len(certificate['tasks'])} automatic labels are wrong, with "
        f"{certificate['confidence']:.0%} confidence; {certificate['max_error']:.2%} was promised."
    )


def _facts(certificate: Json) -> list[tuple[str, str]]:
    facts = [
        ("Certificate", certificate["name"]),
        ("Project", f"{certificate['project']} at {certificate['label_studio']}"),
        ("Made at", certificate["made_at"]),
        ("Confidence of the predictions", f"{certificate['threshold']:.4f} or more"),
        ("Tasks in the set", str(certificate["set_size"])),
        ("Labelled automatically", str(len(certificate["tasks"]))),
        ("Model version", certificate["version"]),
        ("Software", ", ".join(f"{name} {version}" for name, version in certificate["versions"].items())),
        ("Label config (SHA-256)", certificate["label_config"]),
    ]
    if certificate["certified"]:
        facts += [
            ("Attempt", str(certificate["attempt"])),
            ("Audited", f"{len(certificate['answers'])}, {certificate['errors']} of them wrong"),
            ("Errors allowed", str(certificate["allowed_errors"])),
            ("Bound for a set without end", f"{certificate['binomial_bound']:.2%}"),
            ("Seed of the draw", str(certificate["seed"])),
        ]
    return facts


def _audit(certificate: Json) -> str:
    if not certificate["answers"]:
        return ""
    rows = [
        (str(each["task"]), each["predicted"], each["answered"] or "no answer", _right(each), each["answered_at"])
        for each in certificate["answers"]
    ]
    return f"<h2>Audit</h2>\n{_table(('Task', 'Predicted', 'People say', '', 'Answered at'), rows)}\n"


def _right(answer: Json) -> str:
    return "" if answer["predicted"] == answer["answered"] else "wrong"


def _labelled(certificate: Json) -> str:
    listed = certificate["tasks"][:MOST_ROWS]
    more = len(certificate["tasks"]) - len(listed)
    rest = f"<p>… and {more} more, listed in the JSON.</p>\n" if more else ""
    rows = [(str(task), choice) for task, choice in listed]
    return f"<h2>Labelled automatically</h2>\n{_table(('Task', 'Label'), rows)}\n{rest}"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = "".join(f"<th>{_text(cell)}</th>" for cell in head)
    lines = ["<tr>" + "".join(_cell(cell) for cell in row) + "</tr>" for row in rows]
    return "<table>" + (f"<tr>{titles}</tr>" if titles else "") + "\n".join(lines) + "</table>"


def _cell(text: str) -> str:
    mark = ' class="wrong"' if text == "wrong" else ""
    return f"<td{mark}>{_text(text)}</td>"


def _text(text: str) -> str:
    return escape(str(text))
