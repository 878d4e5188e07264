"""Records that are kept as JSON, in files and in SQL."""

from typing import Any, Self

from pydantic import TypeAdapter


class JsonRecord:
    """Base of a frozen dataclass that is kept as JSON.

    Its fields are the keys. Where a field has an alias, that is the key instead: what is on disk and on the wire keeps
    its name when the code finds a better one. Records of other releases are read: a key without a field is ignored, and
    a field without a key has its default.
    """

    def to_json(self) -> dict[str, Any]:
        """The record as dictionaries, lists, texts, numbers, truth values and None."""
        record: dict[str, Any] = _adapter(type(self)).dump_python(self, mode="json", by_alias=True)
        return record

    @classmethod
    def from_json(cls, record: Any) -> Self:
        """Read what `to_json` made.

        Raises:
            ValueError: a value of another type, or a key without which there is no such record is missing.
        """
        read: Self = _adapter(cls).validate_python(record)
        return read


_adapters: dict[type, TypeAdapter[Any]] = {}


def _adapter(kind: type) -> TypeAdapter[Any]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]
