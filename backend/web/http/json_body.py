"""The JSON of a request, within limits: what is beyond them is refused before it takes time or memory."""

import json
import math
import re
from collections.abc import Iterable
from typing import Any, NoReturn

from flask import request

from backend.errors import RequestError

MOST_DEPTH = 64
MOST_VALUES = 5_000_000
"""Label Studio sends all tasks that somebody selected: a hundred thousand have this many."""

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def read() -> Any:
    """What the current request holds; None where it holds no JSON, or is not said to.

    Raises:
        RequestError: it holds too many values, or nests them too deeply.
    """
    return parse(request.get_data(cache=False)) if request.is_json else None


def parse(data: bytes) -> Any:
    """Read JSON. Halves of a surrogate pair become question marks: nothing that is stored or sent can hold them.

    Args:
        data: UTF-8.

    Returns:
        None where it is no JSON; Infinity and NaN are none.

    Raises:
        RequestError: there are too many values, or they are nested too deeply.
    """
    if sum(map(data.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise RequestError(f"The JSON holds more than {MOST_VALUES} values; send fewer tasks at once.")
    try:
        value = json.loads(data.decode("utf-8-sig"), parse_constant=_refuse, parse_float=_finite)
    except ValueError:
        return None
    except RecursionError:
        raise _too_deep() from None
    if _is_deeper(value, MOST_DEPTH):
        raise _too_deep()
    if _SURROGATE.search(data):
        value = json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    return value


def _too_deep() -> RequestError:
    return RequestError(f"The JSON nests its values more than {MOST_DEPTH} deep.")


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _is_deeper(value: Any, most: int) -> bool:
    """Whether values lie in more than that many objects and lists, one in another."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(most):
        level = [each for outer in level for each in _inner(outer) if isinstance(each, dict | list)]
    return bool(level)


def _inner(outer: Any) -> Iterable[Any]:
    inner: Iterable[Any] = outer.values() if isinstance(outer, dict) else outer
    return inner
