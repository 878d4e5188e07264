"""Kinds of promises by name: each a module here with `PROMISES` and `run(source, seed)`."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Protocol, cast

from scripts.lab.trust.promise import Answer, Promise
from scripts.lab.trust.worlds import Source


class Kind(Protocol):
    """A module that simulates one project."""

    PROMISES: tuple[Promise, ...]

    def run(self, source: Source, seed: int) -> list[Answer]:
        """One answer to each promise."""
        ...


KINDS: Mapping[str, str] = MappingProxyType(
    {"insight": "scripts.lab.trust.insight", "autolabel": "scripts.lab.trust.autolabel"}
)


def kind(name: str) -> Kind:
    """Look up a kind; `name` is in `KINDS`."""
    return cast(Kind, import_module(KINDS[name]))
