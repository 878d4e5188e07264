"""Trust: simulate projects in parallel, print how often each promise held, write the answers."""

from dataclasses import asdict
from pathlib import Path

from scripts.lab.interrupts import until_interrupted
from scripts.lab.trust import projects, report, worlds
from scripts.lab.trust.kinds import kind
from scripts.lab.trust.options import TrustOptions
from scripts.lab.trust.promise import tally

NOT_KEPT = 3


def trust(options: TrustOptions) -> int:
    """Check promises.

    Returns:
        0 if every promise is kept, 3 if one is not, 130 after Ctrl-C.

    Raises:
        TrustError: projects can't be simulated.
    """
    return until_interrupted(lambda: _run(options), how_to_go_on="Nothing is kept of what was simulated.")


def _run(options: TrustOptions) -> int:
    # Before any process is started: a file that can't be used is refused at once.
    worlds.source(options.features)
    answers = {name: projects.answers(name, options) for name in options.chosen}
    tallies = [tally(promise, answers[name]) for name in options.chosen for promise in kind(name).PROMISES]
    report.table(tallies).show()
    if options.out is not None:
        given = asdict(options) | {"only": options.chosen}
        settings = {key: str(value) if isinstance(value, Path) else value for key, value in given.items()}
        report.write_json(tallies, [each for name in options.chosen for each in answers[name]], settings, options.out)
    return 0 if all(each.kept for each in tallies) else NOT_KEPT
