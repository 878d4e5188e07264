"""Hosts that images come from."""

from collections.abc import Iterator

import pytest

from tests.unit.backend.images.host import Host, serving


@pytest.fixture
def label_studio() -> Iterator[Host]:
    """Stands in for Label Studio."""
    with serving() as host:
        yield host


@pytest.fixture
def foreign() -> Iterator[Host]:
    """Any other host."""
    with serving() as host:
        yield host
