"""What Label Studio's refusals mean and how to mend them; its texts are recorded in tests/contract/payloads."""

from scripts.cli.connection.address import BackendAddress
from scripts.cli.connection.api import ApiError
from scripts.cli.connection.findings import Finding, error, ok, warning

PRIVATE_ADDRESSES = (
    "Set ML_BLOCK_LOCAL_IP=false and SSRF_PROTECTION_ENABLED=false on the Label Studio server, "
    "restart it, then run connect again."
)

FAST_IMPORTS = "fflag_fix_back_4620_memory_efficient_predictions_import_08012025_short"


def of_token(refusal: ApiError, url: str, personal: bool) -> Finding:
    """Why Label Studio does not take the token.

    Args:
        refusal: of a request that needs nothing but a valid token.
        url: Label Studio's.
        personal: whether the token is a personal access token.
    """
    account = f"{url}/user/account"
    if "legacy token authentication has been disabled" in refusal.reason:
        return error(
            f"{url} does not take legacy tokens.",
            f"Make a personal access token on {account} and use it, "
            "or start Label Studio with LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN=true.",
        )
    if refusal.status == 401 and personal:
        return error(
            f"{url} does not know this personal access token, or it has been revoked.",
            f"Make a new one on {account}: it is shown once, copy all of it.",
        )
    if refusal.status == 401:
        return error(
            f"{url} does not know this token ({refusal.reason.rstrip('.')}).",
            f"Copy the legacy token, or make a personal access token, on {account}.",
        )
    return error(f"{url} refuses the token: {refusal}", "Ask its administrator for access to the API.")


def of_connection(refusal: ApiError, backend: BackendAddress) -> Finding:
    """Why Label Studio does not connect to the backend.

    Args:
        refusal: of adding or changing the ML connection.
        backend: that it was asked to call.
    """
    words = refusal.reason
    if "authentication parameters" in words or "401 Client Error" in words:
        return error(
            f"The backend {backend.url} refuses Label Studio's user and password.",
            "Run connect with the BASIC_AUTH_USER and BASIC_AUTH_PASS that the backend was started with.",
        )
    if "doesn't look like a valid ML backend" in words:
        return error(
            f"{backend.url} answers, but its /setup fails: {words.split('Reason:')[-1].split('. Check')[0].strip()}",
            "Look whether the address is Label Loop's, and into the backend's log.",
        )
    if "health check failed" in words and "Failed to resolve" not in words:
        return unreachable(backend, "times out" if "timed out" in words else "is refused")
    return _of_address(refusal, backend)


def _of_address(refusal: ApiError, backend: BackendAddress) -> Finding:
    """Why Label Studio does not even call the backend's address."""
    words = refusal.reason
    if "reserved network address" in words:
        return error(f"Label Studio refuses private addresses (backend {backend.url}).", PRIVATE_ADDRESSES)
    if "The provided URL was not allowed" in words:
        return error(
            f"Label Studio does not allow the address {backend.url}.",
            "Write it as http://host:port; if it is one, it is private: " + PRIVATE_ADDRESSES,
        )
    if "Can't resolve hostname" in words or "Failed to resolve" in words:
        return error(
            f"Label Studio does not know the host of {backend.url}.",
            "Give the name or number under which Label Studio's machine (or container) reaches the backend.",
        )
    return error(f"Label Studio does not add the connection to {backend.url}: {refusal}", "Look into its log.")


def of_webhook(refusal: ApiError, backend: BackendAddress) -> Finding:
    """Why Label Studio does not make or change the webhook: without it nothing is ever trained."""
    if "reserved network address" in refusal.reason or "was not allowed" in refusal.reason:
        return error(
            f"Label Studio connects to {backend.url} but makes no webhook to a private address, so nothing trains.",
            PRIVATE_ADDRESSES,
        )
    return error(f"Label Studio does not make the webhook {backend.webhook_url}: {refusal}", "Look into its log.")


def unreachable(backend: BackendAddress, how: str) -> Finding:
    """Label Studio's own call to the backend got no answer."""
    if backend.is_local:
        mend = (
            "Start the backend; if Label Studio runs in Docker or elsewhere, its localhost is not this machine: "
            "use --backend http://host.docker.internal:9090, or this machine's address."
        )
    else:
        mend = (
            "Start the backend with BASIC_AUTH_USER, BASIC_AUTH_PASS and WEBHOOK_SECRET (without them it listens on "
            "its own machine only) and open its port to the Label Studio server."
        )
    return error(f"Label Studio cannot reach the backend: its call to {backend.url}/health {how}.", mend)


def of_import(refusal: ApiError | None) -> Finding:
    """Which importer refused a prediction for a task that is not there.

    Args:
        refusal: of the import, or None where Label Studio took it and dropped the prediction, as the slow one can.
    """
    said = refusal.reason if refusal else "Invalid task ID"
    if "task ID 0 not found in project" in said:
        return ok("Label Studio imports predictions the fast way.")
    if "task ID couldn't be retrieved" in said or "Invalid task ID" in said:
        return warning(
            "Label Studio imports predictions the slow way: publishing takes seconds once thousands of tasks have one.",
            f"Start Label Studio with {FAST_IMPORTS}=true in its environment.",
        )
    if refusal is not None and refusal.status in (401, 403):
        return error(
            f"The token's user may not write predictions to the project ({refusal}).",
            "Use the token of a user who may change the project.",
        )
    return warning(f"Whether Label Studio imports predictions fast is not known: {refusal}", "Look into its log.")
