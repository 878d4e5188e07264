"""What a command line that an update left behind is told."""

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[3]


def test_the_applications_former_address_is_refused_in_one_line() -> None:
    command = [sys.executable, "-m", "gunicorn", "--config", "backend/gunicorn_config.py", "backend.app:create_app()"]
    ended = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode
    assert "backend.web.app:create_app()" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr
