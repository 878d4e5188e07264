"""`python -m scripts.demo_app`."""

import sys

from scripts.cli.commands import run
from scripts.demo_app.app import app

if __name__ == "__main__":
    sys.exit(run(app, "python -m scripts.demo_app"))
