"""The command trust."""

from scripts.cli.commands import takes_options
from scripts.lab.trust.options import TrustOptions


@takes_options
def trust(options: TrustOptions) -> int:
    """Simulate projects whose truth is known, and count how often what we say of them holds.

    --seed is of the first project; the others' follow. See docs/benchmarks.md. Exit code 3 where a promise is not kept.
    """
    from scripts.lab.trust import run

    return run.trust(options)
