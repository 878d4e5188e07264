"""`python -m scripts.lab.simulation`. Worker processes read this file again: it imports nothing for them."""

import sys

if __name__ == "__main__":
    from scripts.lab.simulation.command import main

    sys.exit(main())
