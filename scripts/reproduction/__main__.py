"""`python -m scripts.reproduction`."""

import sys

from scripts.reproduction.command import main

if __name__ == "__main__":
    sys.exit(main())
