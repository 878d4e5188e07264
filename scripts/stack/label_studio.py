"""Label Studio in an environment of its own, on SQLite: installing it and running it."""

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from scripts.stack.errors import StackError
from scripts.stack.http import answers
from scripts.stack.processes import ProcessSpec
from scripts.stack.surroundings import inherited

REQUIREMENTS = Path(__file__).parents[1] / "label-studio-requirements.txt"

# What Label Studio must be told to work with a backend and images on the same machine, and to call nobody else.
SWITCHES = {
    "COLLECT_ANALYTICS": "false",
    "LATEST_VERSION_CHECK": "false",
    "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
    "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
    # Both are needed before it connects to an address of this machine and makes the project's webhook.
    "ML_BLOCK_LOCAL_IP": "false",
    "SSRF_PROTECTION_ENABLED": "false",
    # Without it each import of predictions recounts every task of the project: seconds instead of a tenth.
    "fflag_fix_back_4620_memory_efficient_predictions_import_08012025_short": "true",
}


@dataclass(frozen=True)
class LabelStudioServer:
    """One Label Studio on this machine.

    Attributes:
        port: to listen on, on 127.0.0.1 only.
        data: folder of its database and uploads; made if it is not there.
        documents: root of the images that it serves from disk, `/data/local-files/?d=…`.
        username: e-mail address of its first user.
        password: of that user.
        token: legacy API token of that user, 40 hexadecimal digits.
    """

    port: int
    data: Path
    documents: Path
    username: str
    password: str
    token: str

    @property
    def url(self) -> str:
        """Address without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        """SQLite's file; not there before the first start."""
        return self.data / "label_studio.sqlite3"


def is_installed(environment: Path) -> bool:
    """Whether the environment holds what the requirements file says now."""
    stamp = environment / ".stamp"
    return stamp.exists() and stamp.read_text() == _requirements_digest()


def install(environment: Path) -> None:
    """Make a virtual environment with Label Studio in it; nothing to do where it is there already.

    Args:
        environment: folder to make it in.

    Raises:
        StackError: uv is not there or the installation fails.
    """
    if is_installed(environment):
        return
    uv = os.environ.get("UV", "uv")
    _run(uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(environment))
    _run(
        uv,
        "pip",
        "sync",
        "--quiet",
        "--require-hashes",
        "--python",
        str(environment / "bin" / "python"),
        str(REQUIREMENTS),
    )
    (environment / ".stamp").write_text(_requirements_digest())


def label_studio_spec(server: LabelStudioServer, environment: Path, log: Path) -> ProcessSpec:
    """How to run it; the first start makes database and user, in about 15 s.

    Args:
        server: what to run.
        environment: made by `install`.
        log: of its output.
    """
    server.data.mkdir(parents=True, exist_ok=True)
    server.documents.mkdir(parents=True, exist_ok=True)
    places = {
        "LABEL_STUDIO_BASE_DATA_DIR": str(server.data),
        "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(server.documents),
    }
    user = ("--username", server.username, "--password", server.password, "--user-token", server.token)
    address = ("--internal-host", "127.0.0.1", "--port", str(server.port))
    return ProcessSpec(
        name="Label Studio",
        command=(str(environment / "bin" / "label-studio"), "start", "--no-browser", *address, *user),
        environment=inherited() | SWITCHES | places,
        folder=server.data,
        log=log,
        is_ready=lambda: answers(f"{server.url}/health"),
        patience=180.0,
    )


def _requirements_digest() -> str:
    return hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True)
    except FileNotFoundError as problem:
        message = f"{command[0]} is not there: start through the commands in scripts/, which install it."
        raise StackError(message) from problem
    except subprocess.CalledProcessError as problem:
        message = f"Label Studio could not be installed (see above): {' '.join(command)}. Check the network, run again."
        raise StackError(message) from problem
