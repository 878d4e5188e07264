"""The commands document, completion and test."""

from scripts.cli.commands import ExitCode, takes_options
from scripts.cli.options import CHECKOUT
from scripts.dev.options import Completion, Document, Test


@takes_options
def document(options: Document) -> int:
    """Write what is generated: the settings and commands in docs/reference.md, the README's table, the requirements."""
    from scripts.dev import documentation

    outdated = documentation.outdated()
    for name, text in outdated.items():
        if options.check:
            print(f"{name} is out of date: run ./scripts/document")
        else:
            (CHECKOUT / name).write_text(text)
            print(f"{name} written")
    return ExitCode.PROBLEM if options.check and outdated else ExitCode.OK


@takes_options
def completion(options: Completion) -> None:
    """Print what completes the options of these commands, to be evaluated in ~/.bashrc or ~/.zshrc."""
    from scripts.dev.completion import script

    print(script(options.shell))


@takes_options
def test(options: Test) -> int:
    """Run all tests in several processes on one Label Studio, and beside them what checks the code without running it.

    The checks (ruff, mypy, import directions, generated files) have their lines after pytest's summary; the last line
    says "tests: passed" or what failed. All options but these are pytest's. Exit code 1 where only a check failed, or
    else pytest's.
    """
    from scripts.dev import testing

    return testing.run_tests(options.arguments, quick=options.quick)
