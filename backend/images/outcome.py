"""What becomes of an address: an image's bytes, or the reason why there are none."""

from dataclasses import dataclass
from enum import StrEnum


class FetchProblem(StrEnum):
    """Why an address gives no bytes: who is to blame, and whether to try again."""

    OUTAGE = "outage"
    """Label Studio does not answer: the image is not to blame, and the same call may succeed later."""
    UNREACHABLE = "unreachable"
    """Another host, or this machine's disk, does not give the image now."""
    HOST_GIVEN_UP = "host_given_up"
    """Another host did not answer for others just now, so it was not asked; that was said once, for the host."""
    TIMED_OUT = "timed_out"
    """It did not come in time."""
    NO_ROOM = "no_room"
    """So many bytes of images are in memory that it had to be left out this time."""
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    """The host is there and has an objection: to the token, or to the request. Or we have one, to the host."""
    TOO_LARGE = "too_large"
    NOT_AN_ADDRESS = "not_an_address"
    """Nothing can be fetched from what the task holds."""


@dataclass(frozen=True)
class Unavailable:
    """Stands for the bytes of an image that can't be had.

    Attributes:
        reason: for people, with the address.
    """

    problem: FetchProblem
    reason: str

    @property
    def is_unasked(self) -> bool:
        """Whether the image was not asked for, since its host is given up for others."""
        return self.problem is FetchProblem.HOST_GIVEN_UP


Fetched = bytes | Unavailable


class UnavailableError(Exception):
    """An image can't be had; within this package only, outside of it there is an `Unavailable`."""

    def __init__(self, problem: FetchProblem, reason: str) -> None:
        super().__init__(reason)
        self.problem = problem


def too_large(limit: int) -> UnavailableError:
    """An image has more bytes than the limit."""
    return UnavailableError(FetchProblem.TOO_LARGE, f"larger than the limit of {limit:,} bytes (IMAGE_MAX_BYTES).")
