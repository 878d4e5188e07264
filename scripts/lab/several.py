"""Options that take several values in a row, as `--only cycle start` does."""

from collections.abc import Iterable, Iterator
from typing import Any

from typer.core import TyperCommand


class TakesSeveral(TyperCommand):
    """A command without arguments of its own, so that what follows an option is the option's."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line, where `--only cycle start` is the same as `--only cycle --only start`."""
        names = {name for each in self.params if getattr(each, "multiple", False) for name in each.opts}
        return super().parse_args(ctx, list(_repeated(args, names)))


def _repeated(args: Iterable[str], names: set[str]) -> Iterator[str]:
    """Repeat an option before each of its values but the first."""
    option, has_value = "", False
    for word in args:
        if word.startswith("-"):
            name, given, _ = word.partition("=")
            option, has_value = name if name in names else "", bool(given)
        elif option and has_value:
            yield option
        else:
            has_value = True
        yield word
