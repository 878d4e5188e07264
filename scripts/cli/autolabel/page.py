"""A certificate as one HTML page that needs nothing else."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

Json = dict[str, Any]

MOST_ROWS = 1_000
"""Tasks listed; the JSON holds all of them."""

UNCERTIFIED = "UNCERTIFIED: a plain cut. Nobody knows how many of these labels are wrong."


def page(certificate: Json) -> str:
    """The page; a plain cut says that it proves nothing before anything else.

    Args:
        certificate: as the backend gives it.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    certified = certificate["certified"]
    return environment.get_template("certificate.html").render(
        title="Certificate of auto-labelling" if certified else "Auto-labelling without a certificate",
        claim=_claim(certificate) if certified else UNCERTIFIED,
        facts=_facts(certificate),
        certificate=certificate,
        most_rows=MOST_ROWS,
    )


def _claim(certificate: Json) -> str:
    return (
        f"At most {certificate['bound']:.2%} of {len(certificate['tasks'])} automatic labels are wrong, with "
        f"{certificate['confidence']:.0%} confidence; {certificate['max_error']:.2%} was promised."
    )


def _facts(certificate: Json) -> list[tuple[str, str]]:
    """Names and values of the first table."""
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
