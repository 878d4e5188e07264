"""`python -m scripts.lab simulate …`. Worker processes read this file again: it imports nothing for them."""

import sys

if __name__ == "__main__":
    from scripts.cli.commands import run
    from scripts.lab.app import app

    sys.exit(run(app, "python -m scripts.lab"))
