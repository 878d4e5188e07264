"""The commands `scripts/connect` and `scripts/disconnect`."""

import argparse
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

from backend import settings
from scripts.cli.arguments import BACKEND_URL
from scripts.cli.connection import checks
from scripts.cli.connection.api import ApiError, BackendAddress, LabelStudioApi
from scripts.cli.connection.attach import attach
from scripts.cli.connection.detach import detach
from scripts.cli.connection.findings import Finding, error, has_errors, show


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 where all is fine or there are only warnings, 1 with errors, 2 for a wrong command line."""
    options = _parser().parse_args(arguments)
    findings = _address_faults("--url", options.url) + _address_faults("--backend", options.backend)
    if not options.token:
        findings.append(error("No token is given.", "Give one with --token, or set LABEL_STUDIO_API_KEY."))
    if not findings:
        try:
            findings = _run(options)
        except ApiError as failure:
            findings = [
                error(f"Label Studio at {options.url} stopped short: {failure}", "Look into its log; try again.")
            ]
    for finding in findings:
        print(show(finding, colours=sys.stdout.isatty()))
    return 1 if has_errors(findings) else 0


def _run(options: argparse.Namespace) -> list[Finding]:
    values = settings.load()
    label_studio = LabelStudioApi(options.url, options.token)
    records = values.model_dir / "connections"
    if options.command == "disconnect":
        return detach(label_studio, options.project, options.backend, records)
    backend = BackendAddress(
        options.backend,
        (values.basic_auth_user, values.basic_auth_pass) if values.basic_auth_user else None,
        values.webhook_secret or None,
    )
    if not options.check:
        findings = attach(label_studio, options.project, backend, records)
        if has_errors(findings):
            return findings
    return checks.everything(label_studio, options.project, backend)


def _parser() -> argparse.ArgumentParser:
    values = settings.load()
    parser = argparse.ArgumentParser(prog="scripts", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    described = (
        ("connect", "Attach the backend to a project of an existing Label Studio; again, to repair."),
        ("disconnect", "Take the backend off a project and put back what was there before."),
    )
    for name, description in described:
        command = commands.add_parser(name, prog=f"scripts/{name}", description=description)
        command.add_argument("--url", default=values.label_studio_url, help="Label Studio (default: %(default)s)")
        command.add_argument(
            "--token",
            default=values.label_studio_api_key,
            help="legacy token or personal access token (default: LABEL_STUDIO_API_KEY)",
        )
        command.add_argument("--project", type=int, required=True, help="number of the project, as in its address")
        command.add_argument(
            "--backend", default=BACKEND_URL, help="the backend, as Label Studio reaches it (default: %(default)s)"
        )
        if name == "connect":
            command.add_argument("--check", action="store_true", help="change nothing, only say what is wrong")
    return parser


def _address_faults(option: str, address: str) -> list[Finding]:
    """An address without scheme is read as one with the scheme `localhost`: say so before anything fails oddly."""
    parts = urlsplit(address)
    if parts.scheme in ("http", "https") and parts.hostname:
        return []
    return [error(f"{option} {address} is not a web address.", f"Write it with its scheme: {option} http://{address}")]


if __name__ == "__main__":
    sys.exit(main())
