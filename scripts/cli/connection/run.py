"""What connect and disconnect do: attach or detach, then say what was found."""

from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from backend import settings
from scripts.cli.commands import ExitCode, UsageError
from scripts.cli.connection import checks
from scripts.cli.connection.address import BackendAddress
from scripts.cli.connection.api import ApiError, LabelStudioApi
from scripts.cli.connection.attach import attach
from scripts.cli.connection.detach import detach
from scripts.cli.connection.findings import Finding, error, has_errors, show
from scripts.cli.connection.options import Connect, Disconnect
from scripts.cli.options import token_or_setting


def connect(options: Connect) -> int:
    """Attach the backend unless only a check is asked for, then check everything."""
    values = settings.load()
    backend = BackendAddress(
        options.backend,
        (values.basic_auth_user, values.basic_auth_pass) if values.basic_auth_user else None,
        values.webhook_secret or None,
    )

    def act(label_studio: LabelStudioApi) -> list[Finding]:
        if not options.check:
            findings = attach(label_studio, options.project, backend, _records())
            if has_errors(findings):
                return findings
        return checks.everything(label_studio, options.project, backend, values)

    return _report(options, act)


def disconnect(options: Disconnect) -> int:
    """Detach the backend."""
    return _report(options, lambda label_studio: detach(label_studio, options.project, options.backend, _records()))


def _report(options: Disconnect, act: Callable[[LabelStudioApi], list[Finding]]) -> int:
    """Do something with Label Studio and print a line for each finding.

    Raises:
        UsageError: there is no token.
    """
    url = options.url or settings.load().label_studio_url
    token = token_or_setting(options.token)
    if not token:
        raise UsageError("No token is given: give one with --token, or set LABEL_STUDIO_API_KEY.")
    try:
        findings = act(LabelStudioApi(url, token))
    except ApiError as failure:
        findings = [error(f"Label Studio at {url} stopped short: {failure}", "Look into its log; try again.")]
    show(findings, Console())
    return ExitCode.PROBLEM if has_errors(findings) else ExitCode.OK


def _records() -> Path:
    return settings.load().model_dir / "connections"
