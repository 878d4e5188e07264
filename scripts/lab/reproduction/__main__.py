"""`python -m scripts.lab.reproduction`."""

import sys

from scripts.lab.reproduction.options import parse

if __name__ == "__main__":
    # Before anything else: PyTorch and Lightning take ten seconds to import, too long for --help or a wrong option.
    parse()
    from scripts.lab.reproduction.command import main

    sys.exit(main())
