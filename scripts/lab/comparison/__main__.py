"""`python -m scripts.lab.comparison`."""

import sys

from scripts.lab.comparison.options import parse

if __name__ == "__main__":
    # Before anything else: PyTorch and Lightning take ten seconds to import, too long for --help or a wrong option.
    parse()
    from scripts.lab.comparison.command import main

    sys.exit(main())
