"""`python -m scripts.dev document …`."""

import sys

from scripts.cli.commands import run
from scripts.dev.app import app

if __name__ == "__main__":
    sys.exit(run(app, "python -m scripts.dev"))
