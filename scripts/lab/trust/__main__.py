"""`./scripts/trust`: simulate projects in parallel, print how often each promise held, write the answers."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from scripts.lab.trust import projects, report, worlds
from scripts.lab.trust.errors import TrustError
from scripts.lab.trust.kinds import kind
from scripts.lab.trust.options import parse
from scripts.lab.trust.promise import tally


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate; returns 0 if every promise is kept, 3 if one is not, 1 if projects can't be simulated."""
    options = parse(arguments)
    try:
        # Before any process is started: a file that can't be used is refused at once.
        worlds.source(options.features)
        answers = {name: projects.answers(name, options) for name in options.only}
    except TrustError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    tallies = [tally(promise, answers[name]) for name in options.only for promise in kind(name).PROMISES]
    report.table(tallies).show()
    if options.out is not None:
        settings = {key: str(value) if isinstance(value, Path) else value for key, value in asdict(options).items()}
        report.write_json(tallies, [each for name in options.only for each in answers[name]], settings, options.out)
    return 0 if all(each.kept for each in tallies) else 3


if __name__ == "__main__":
    sys.exit(main())
