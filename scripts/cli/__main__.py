"""`python -m scripts.cli connect …`: what the image's `label-loop` runs."""

import sys

from scripts.cli.app import app
from scripts.cli.commands import run

if __name__ == "__main__":
    sys.exit(run(app, "label-loop"))
