"""An S3 on this machine: moto's server, in an environment of its own, for it pins what we have newer."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import requests

from scripts.stack.http import answers
from scripts.stack.ports import choose_port
from scripts.stack.processes import LocalProcess, ProcessSpec
from scripts.stack.surroundings import inherited
from tests.support.shared import CACHE, make_once

REQUIREMENTS = Path(__file__).parent / "moto-requirements.txt"
CREDENTIALS = {"aws_access_key_id": "nobody", "aws_secret_access_key": "nothing", "region_name": "us-east-1"}


@dataclass(frozen=True)
class Storage:
    """A running S3; its buckets are anybody's."""

    url: str

    def fill(self, bucket: str, files: Mapping[str, bytes]) -> None:
        """Make a bucket with these files by their keys."""
        requests.put(f"{self.url}/{bucket}", timeout=60).raise_for_status()
        for key, content in files.items():
            requests.put(f"{self.url}/{bucket}/{quote(key)}", data=content, timeout=60).raise_for_status()


@contextmanager
def serving(folder: Path) -> Iterator[Storage]:
    """An S3 for the length of the block."""
    port = choose_port(18_900)
    url = f"http://127.0.0.1:{port}"
    spec = ProcessSpec(
        name="moto",
        command=(str(_environment() / "bin" / "moto_server"), "--host", "127.0.0.1", "--port", str(port)),
        environment=inherited(),
        folder=folder,
        log=folder / "moto.log",
        is_ready=lambda: answers(f"{url}/moto-api/"),
    )
    process = LocalProcess(spec)
    process.start()
    try:
        process.wait_until_ready()
        yield Storage(url)
    finally:
        process.stop()


def _environment() -> Path:
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    return make_once(CACHE / "moto" / f"env-{digest}", _install) / "env"


def _install(folder: Path) -> None:
    uv = os.environ.get("UV", "uv")
    unfinished = folder.with_suffix(".unfinished")
    python = unfinished / "env" / "bin" / "python"
    install = [uv, "pip", "install", "--quiet", "--require-hashes", "--python", str(python)]
    create = [uv, "venv", "--quiet", "--allow-existing", "--relocatable", "--python", sys.executable]
    subprocess.run([*create, str(unfinished / "env")], check=True)
    subprocess.run([*install, "--requirement", str(REQUIREMENTS)], check=True)
    unfinished.rename(folder)
