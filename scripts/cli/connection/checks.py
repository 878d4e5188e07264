"""Whether Label Studio, project and backend can work together: nothing here changes anything."""

from backend.causes.kinds import CauseKind
from backend.settings import Settings, load
from scripts.cli.connection import answers
from scripts.cli.connection.address import BackendAddress
from scripts.cli.connection.api import ApiError, Json, LabelStudioApi
from scripts.cli.connection.backend_checks import asked, backend_from_here, known_versions
from scripts.cli.connection.findings import Finding, error, has_errors, ok, warning
from scripts.cli.connection.image_checks import images
from scripts.cli.connection.project_checks import label_config, prediction_imports, ranking
from scripts.cli.connection.record import same_address

RUN_CONNECT = "Run connect without --check."
LISTED_PROJECTS = 20


def everything(
    label_studio: LabelStudioApi, project_id: int, backend: BackendAddress, settings: Settings | None = None
) -> list[Finding]:
    """Every check, in the order in which to mend what is wrong.

    Args:
        label_studio: that holds the project.
        project_id: of the project to look at.
        backend: as Label Studio must reach it.
        settings: of the backend; None for those of the environment.
    """
    findings = prerequisites(label_studio, project_id)
    if has_errors(findings):
        return findings
    project = label_studio.project(project_id)
    return [
        *findings,
        label_config(project),
        *backend_from_here(backend, project_id),
        *_connection(label_studio, project_id, backend),
        *_webhook(label_studio, project_id, backend),
        *asked(backend, project_id),
        *images(label_studio, project, settings or load()),
        *ranking(label_studio, project, known_versions(backend, project_id)),
        prediction_imports(label_studio, project_id),
    ]


def prerequisites(label_studio: LabelStudioApi, project_id: int) -> list[Finding]:
    """Label Studio answers, takes the token and has the project; the first that is wrong ends it."""
    try:
        findings = [ok(f"Label Studio {label_studio.version()} answers at {label_studio.url}.")]
    except ApiError as failure:
        mend = "Start it, or give the address that the browser shows, with --url."
        if failure.cause is not None and failure.cause.kind is not CauseKind.CONNECTION_REFUSED:
            mend = failure.cause.mend
        return [error(f"No Label Studio answers at {label_studio.url}: {failure}.", mend)]
    try:
        findings.append(ok(f"The token is {label_studio.user()}'s."))
    except ApiError as refusal:
        return [*findings, answers.of_token(refusal, label_studio.url, label_studio.has_personal_token)]
    try:
        findings.append(ok(f'Project {project_id} is "{label_studio.project(project_id)["title"]}".'))
    except ApiError as refusal:
        if refusal.status not in (403, 404):
            return [
                *findings,
                error(f"Project {project_id} cannot be read: {refusal}", "Look into Label Studio's log."),
            ]
        return [*findings, _no_project(label_studio, project_id)]
    return findings


def _no_project(label_studio: LabelStudioApi, project_id: int) -> Finding:
    there = [f'{project["id"]} "{project["title"]}"' for project in label_studio.projects()]
    named = ", ".join(there[:LISTED_PROJECTS]) + (" …" if there[LISTED_PROJECTS:] else "")
    return error(
        f"There is no project {project_id} at {label_studio.url} that this token may see.",
        f"Give one of these with --project: {named}." if there else "Make a project in Label Studio first.",
    )


def _connection(label_studio: LabelStudioApi, project_id: int, backend: BackendAddress) -> list[Finding]:
    """Label Studio → backend: listing the connections makes Label Studio call each backend."""
    connections = label_studio.connections(project_id)
    ours = [connection for connection in connections if same_address(connection["url"], backend.url)]
    if not ours:
        others = ", ".join(str(connection["url"]) for connection in connections)
        return [
            error(
                f"Project {project_id} has no ML connection to {backend.url}"
                + (f" (but to {others})." if others else "."),
                RUN_CONNECT,
            )
        ]
    findings = [_state(ours[0], backend)]
    if backend.basic_auth and ours[0]["auth_method"] != "BASIC_AUTH":
        findings.append(error("The ML connection sends no user and password to the backend.", RUN_CONNECT))
    if ours[1:]:
        numbers = ", ".join(str(connection["id"]) for connection in ours[1:])
        findings.append(
            warning(
                f"Project {project_id} is connected to {backend.url} {len(ours)} times.",
                f"Delete connection {numbers} under Settings > Model.",
            )
        )
    return findings


def _state(connection: Json, backend: BackendAddress) -> Finding:
    """What Label Studio found when it called the backend just now."""
    state = connection["state"]
    if state == "DI":
        return answers.unreachable(backend, "got no good answer within a second")
    if state == "ER":
        return answers.of_connection(
            ApiError(400, f"doesn't look like a valid ML backend. Reason: {connection['error_message']}"), backend
        )
    return ok(f"Label Studio reaches the backend {backend.url} ({connection['readable_state']}).")


def _webhook(label_studio: LabelStudioApi, project_id: int, backend: BackendAddress) -> list[Finding]:
    """Events reach the backend once, and are let in."""
    ours = [hook for hook in label_studio.webhooks(project_id) if same_address(hook["url"], backend.webhook_url)]
    if not ours:
        others = ", ".join(str(hook["url"]) for hook in label_studio.webhooks(project_id))
        elsewhere = f" (but {others})" if others else ""
        return [
            error(
                f"Project {project_id} has no webhook {backend.webhook_url}{elsewhere}, so nothing trains.", RUN_CONNECT
            )
        ]
    findings = []
    if ours[1:]:
        findings.append(warning(f"The webhook {backend.webhook_url} is there {len(ours)} times.", RUN_CONNECT))
    hook = ours[0]
    if not hook["is_active"]:
        findings.append(error(f"The webhook {backend.webhook_url} is switched off.", RUN_CONNECT))
    if not hook["send_for_all_actions"]:
        findings.append(warning(f"The webhook {backend.webhook_url} does not send every event.", RUN_CONNECT))
    if not backend.webhook_headers.items() <= hook["headers"].items():
        names = ", ".join(backend.webhook_headers)
        findings.append(
            error(f"The webhook lacks the right header {names}: the backend refuses every event.", RUN_CONNECT)
        )
    return findings or [ok(f"The webhook {backend.webhook_url} sends every event, with the header it needs.")]
