"""`python -m scripts.simulation`. Worker processes read this file again as they start: it imports nothing for them."""

import sys

if __name__ == "__main__":
    from scripts.simulation.command import main

    sys.exit(main())
