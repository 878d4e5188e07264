"""The backend as it looks from this machine, and what it says of Label Studio."""

from typing import Any

import httpx

from backend import __version__
from backend.causes.exceptions import cause_of
from backend.web.health.problem import ProblemKind
from scripts.cli.connection.address import BackendAddress
from scripts.cli.connection.api import Json
from scripts.cli.connection.findings import Finding, Level, error, ok, warning
from scripts.cli.connection.http import client

TIMEOUT_SECONDS = 10.0


STOPPING = frozenset(
    {
        ProblemKind.REDIS,
        ProblemKind.NO_WORKER,
        ProblemKind.DATABASE,
        ProblemKind.DISK,
        ProblemKind.PROJECT_REFUSED,
        ProblemKind.OTHER_MODEL_CHOSEN,
        ProblemKind.PROJECT_MISSING,
        ProblemKind.RUNS_FAIL,
        ProblemKind.STANDSTILL,
        ProblemKind.IMAGES_UNUSABLE,
    }
)
"""What keeps the loop from running, or from all of the project's images."""

SAID_BETTER = frozenset({ProblemKind.LABEL_STUDIO, ProblemKind.OLDER_VERSION_CHOSEN, ProblemKind.OTHER_ORDER_CHOSEN})
"""What another check looks at more closely."""


def backend_from_here(backend: BackendAddress, project_id: int) -> list[Finding]:
    """The backend answers, and nothing is wrong with it and with this project of its.

    No answer is a warning only: Label Studio may well reach it at an address that this machine cannot, as in Docker.
    """
    try:
        health = _health(backend)
    except httpx.HTTPError as failure:
        cause = cause_of(failure, backend.url)
        return [
            warning(
                f"This machine does not reach the backend {backend.url}: {cause.message}. [{cause.kind}]",
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
    findings = _told(health, project_id)
    release = health.get("version")
    if isinstance(release, str) and release != __version__:
        findings.append(
            warning(
                f"The backend is of release {release}, and this command of {__version__}.",
                "Run the command of the backend's own release.",
            )
        )
    if not any(finding.level is not Level.OK for finding in findings):
        findings.insert(0, ok(f"The backend {backend.url} is well."))
    return findings


def _told(health: Json, project_id: int) -> list[Finding]:
    """What the backend says of itself and of one project."""
    details = health.get("details")
    if not isinstance(details, list):
        # A release before 0.2 has lines only.
        return [warning(f"The backend says: {line}", "See its /health.") for line in health.get("problems") or []]
    findings = []
    for detail in details:
        if detail.get("project") not in (None, project_id) or detail.get("kind") in SAID_BETTER:
            continue
        what = f"The backend says: {detail.get('message')} [{detail.get('kind')}]"
        mend = str(detail.get("mend") or "See its /health.")
        if detail.get("level") == "note":
            findings.append(ok(f"{what} {mend}"))
        else:
            findings.append(error(what, mend) if detail.get("kind") in STOPPING else warning(what, mend))
    return findings


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
    with client(TIMEOUT_SECONDS) as http:
        return http.get(backend.url + path, auth=backend.basic_auth)
