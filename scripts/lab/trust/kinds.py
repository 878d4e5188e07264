"""Kinds of promises by name: each a module here with `PROMISES` and `run(source, seed)`."""

from importlib import import_module
from typing import Protocol, cast

from scripts.lab.trust.options import KindName
from scripts.lab.trust.promise import Answer, Promise
from scripts.lab.trust.worlds import Source


class Kind(Protocol):
    """A module that simulates one project."""

    PROMISES: tuple[Promise, ...]

    def run(self, source: Source, seed: int) -> list[Answer]:
        """One answer to each promise."""
        ...


def kind(name: KindName) -> Kind:
    """The module of this name."""
    return cast(Kind, import_module(f"scripts.lab.trust.{name}"))
