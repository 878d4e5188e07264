"""`python -m scripts.tuning`."""

import sys

from scripts.tuning.command import main

if __name__ == "__main__":
    sys.exit(main())
