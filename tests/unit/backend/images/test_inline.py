"""`data:` addresses: their size is known before anything is decoded."""

import base64
import tracemalloc
from urllib.parse import quote

import pytest

from backend.images.budget import unlimited
from backend.images.inline import read_inline
from backend.images.outcome import FetchProblem, UnavailableError

LIMIT = 1000
CONTENT = bytes(range(250)) * 4


def problem(address: str, limit: int = LIMIT) -> FetchProblem:
    with pytest.raises(UnavailableError) as refused:
        read_inline(address, limit, unlimited)
    return refused.value.problem


@pytest.mark.parametrize(
    "body",
    [
        ";base64," + base64.b64encode(CONTENT).decode(),
        ";base64," + base64.encodebytes(CONTENT).decode(),
        ";base64," + quote(base64.b64encode(CONTENT), safe=""),
        ";base64," + "".join(f"%{letter:02x}" for letter in base64.b64encode(CONTENT)),
        "," + "".join(f"%{byte:02x}" for byte in CONTENT),
    ],
)
def test_an_image_of_just_the_limit_is_decoded(body: str) -> None:
    assert read_inline(f"data:image/png{body}", LIMIT, unlimited) == CONTENT


@pytest.mark.parametrize("content", [CONTENT + b"x", CONTENT * 2, CONTENT * 100])
def test_an_image_over_the_limit_is_refused(content: bytes) -> None:
    assert problem(f"data:;base64,{base64.b64encode(content).decode()}") is FetchProblem.TOO_LARGE
    assert problem(f"data:,{quote(content)}") is FetchProblem.TOO_LARGE


@pytest.mark.fault("S12")
@pytest.mark.parametrize("head", ["data:image/png;base64,", "data:image/png,", "data:image/png;base64"])
def test_an_address_of_200_megabytes_is_refused_without_a_copy(head: str) -> None:
    address = head + "A" * 200_000_000
    tracemalloc.start()
    try:
        assert problem(address, limit=10_000_000) in (FetchProblem.TOO_LARGE, FetchProblem.NOT_AN_ADDRESS)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.fault("S12")
def test_room_is_asked_for_before_anything_is_decoded() -> None:
    def refuse(size: int) -> None:
        raise UnavailableError(FetchProblem.NO_ROOM, str(size))

    with pytest.raises(UnavailableError) as refused:
        read_inline("data:;base64,not base64 at all", LIMIT, refuse)
    assert refused.value.problem is FetchProblem.NO_ROOM


@pytest.mark.parametrize("address", ["data:image/png", "data:", "data:image/png;base64,a", f"data:{'x' * 2000},"])
def test_what_is_torn_is_no_address(address: str) -> None:
    assert problem(address) is FetchProblem.NOT_AN_ADDRESS
