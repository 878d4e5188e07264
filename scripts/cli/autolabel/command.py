"""The command autolabel."""

from scripts.cli.autolabel.options import AutolabelOptions
from scripts.cli.commands import takes_options


@takes_options
def autolabel(options: AutolabelOptions) -> int:
    """Label automatically what the model is sure of, with a certificate.

    People audit a random sample first; called again, it says how far they are, and what their answers prove. Without
    an option it says where it stands. User and password or secret are those of the settings. Exit code 1 where
    something was refused or stopped. See docs/autolabel.md.
    """
    from scripts.cli.autolabel import run

    return run.autolabel(options)
