"""Whatever a script may have put where Label Studio's own page never would: JSON of any kind, in any field."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

NUMBERS = st.integers() | st.sampled_from([10**400, -(2**63) - 1, 2**31]) | st.floats()
TEXTS = st.text(st.characters(exclude_categories=[])) | st.sampled_from(["\0", "\ud800", "0001-01-01T00:00:00+23:59"])
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=8
)


def odd(fields: Mapping[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects in which each of these fields is as it should be, is anything else, or is missing."""
    return st.fixed_dictionaries({}, optional={name: made | ANYTHING for name, made in fields.items()})
