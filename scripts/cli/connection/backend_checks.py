"""The backend as it looks from this machine, and what it says of Label Studio."""

from typing import Any

import httpx

from scripts.cli.connection.address import BackendAddress
from scripts.cli.connection.api import Json, cause
from scripts.cli.connection.findings import Finding, error, ok, warning

TIMEOUT_SECONDS = 10.0


def backend_from_here(backend: BackendAddress) -> list[Finding]:
    """The backend answers, and nothing that it needs is missing.

    No answer is a warning only: Label Studio may well reach it at an address that this machine cannot, as in Docker.
    """
    try:
        health = _health(backend)
    except httpx.HTTPError as failure:
        return [
            warning(
                f"This machine does not reach the backend {backend.url}: {cause(failure)}.",
                "Start it, or give its address with --backend; if only Label Studio can reach it, this is no fault.",
            )
        ]
    except ValueError:
        return [
            error(
                f"What answers at {backend.url}/health is not Label Loop.",
                "Give the backend's address with --backend; the port is taken by something else.",
            )
        ]
    problems = [str(problem) for problem in health.get("problems") or []]
    if not problems:
        return [ok(f"The backend {backend.url} is well.")]
    return [warning(f"The backend says: {problem}", f"See {backend.url}/health.") for problem in problems]


def asked(backend: BackendAddress, project_id: int) -> list[Finding]:
    """Backend → Label Studio, in the backend's words, and whether it takes our user and password."""
    try:
        link = _health(backend).get("label_studio")
        status = _get(backend, f"/versions?project={project_id}").status_code
    except (httpx.HTTPError, ValueError):
        return []  # backend_from_here has said so.
    findings = []
    if status == 401:
        findings.append(
            error(
                f"The backend {backend.url} refuses our user and password.",
                "Set BASIC_AUTH_USER and BASIC_AUTH_PASS as the backend was started with.",
            )
        )
    if isinstance(link, dict) and link.get("reachable") is False:
        findings.append(
            error(
                f"The backend does not reach Label Studio: {link.get('error') or 'no reason given'}",
                "Start the backend with the LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY that work from its machine.",
            )
        )
    elif isinstance(link, dict) and link.get("reachable"):
        findings.append(ok("The backend reaches Label Studio."))
    return findings


def known_versions(backend: BackendAddress, project_id: int) -> list[str] | None:
    """Names of the versions that the backend has made for a project; None where it does not say."""
    try:
        answer = _get(backend, f"/versions?project={project_id}")
        body: Any = answer.json() if answer.is_success else None
    except (httpx.HTTPError, ValueError):
        return None
    if not isinstance(body, dict) or not isinstance(body.get("versions"), list):
        return None
    return [str(version["version"]) if isinstance(version, dict) else str(version) for version in body["versions"]]


def _health(backend: BackendAddress) -> Json:
    """The backend's own account of itself.

    Raises:
        httpx.HTTPError: it does not answer.
        ValueError: what answers is something else.
    """
    health: Any = _get(backend, "/health").json()
    if not isinstance(health, dict):
        raise ValueError(f"{backend.url}/health does not answer with an object")
    return health


def _get(backend: BackendAddress, path: str) -> httpx.Response:
    return httpx.get(backend.url + path, auth=backend.basic_auth, timeout=TIMEOUT_SECONDS)
