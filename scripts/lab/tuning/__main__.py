"""`python -m scripts.lab.tuning`."""

import sys

from scripts.lab.tuning.options import parse

if __name__ == "__main__":
    # Before anything else: PyTorch and Lightning take ten seconds to import, too long for --help or a wrong option.
    parse()
    from scripts.lab.tuning.command import main

    sys.exit(main())
