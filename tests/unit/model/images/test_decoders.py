"""Processes that decode: what a hostile image may cost, whom it delays, and what becomes of the process."""

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.errors import DecodingError, ImageError, ModelError, UndecidedError
from model.images import decoder
from model.images.decode import decode_square, load_plugins
from model.images.decoders import EXTRA, Decoders
from model.images.limits import ImageLimits
from tests.support import hostile_images
from tests.support.hostile_images import encoded, noise
from tests.support.waiting import until

GOOD = encoded(noise(64), "PNG")
SLOW = hostile_images.progressive_jpeg(side=2_000)
SIDE = 32
PATIENT = ImageLimits(seconds=60.0)


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    with Decoders(ImageLimits(seconds=2.0, megabytes=500), cores=1) as made:
        yield made


def processes_of(parent: int) -> set[int]:
    """Decoding processes of a process."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = status.read_bytes()
            ppid = int((status.parent / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if b"model.images.process" in command and ppid == parent:
            found.add(int(status.parent.name))
    return found


class Busy(NamedTuple):
    """An image that is being decoded."""

    thread: threading.Thread
    outcome: list[object]


def begin(decoders: Decoders, data: bytes, owner: str, deadline: float = float("inf")) -> Busy:
    """Have an image decoded in a thread."""
    outcome: list[object] = []

    def work() -> None:
        try:
            outcome.append(decoders.decode(data, SIDE, owner, deadline))
        except ModelError as error:
            outcome.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return Busy(thread, outcome)


def end(busy: Sequence[Busy], others: set[int]) -> None:
    """Have the time of these images be over."""
    while any(each.thread.is_alive() for each in busy):
        for process in processes_of(os.getpid()) - others:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGPROF)
        time.sleep(0.05)


def test_pixels_are_those_that_this_process_would_decode(decoders: Decoders) -> None:
    load_plugins()
    expected, size = decode_square(GOOD, ImageLimits(), SIDE)
    decoded = decoders.decode(GOOD, SIDE)
    np.testing.assert_array_equal(decoded.pixels, np.asarray(expected))
    assert (decoded.width, decoded.height) == size == (64, 64)


def test_nothing_is_started_before_something_is_decoded() -> None:
    before = processes_of(os.getpid())
    with Decoders(ImageLimits()) as made:
        assert list(made.decode_each([], SIDE)) == []
        assert processes_of(os.getpid()) == before


def test_a_process_is_used_again_and_ends_with_the_pool() -> None:
    before = processes_of(os.getpid())
    with Decoders(ImageLimits(), cores=1) as made:
        made.warm_up()
        (started,) = processes_of(os.getpid()) - before
        for _ in range(3):
            made.decode(GOOD, SIDE)
        assert processes_of(os.getpid()) - before == {started}
    assert processes_of(os.getpid()) == before


def test_a_process_knows_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "secret-token")
    before = processes_of(os.getpid())
    with Decoders(ImageLimits(), cores=1) as made:
        made.decode(GOOD, SIDE)
        (process,) = processes_of(os.getpid()) - before
        assert b"secret-token" not in Path(f"/proc/{process}/environ").read_bytes()


def test_a_process_loads_neither_numpy_nor_a_runtime(decoders: Decoders) -> None:
    with Decoders(ImageLimits(), cores=1) as made:
        before = processes_of(os.getpid())
        made.decode(GOOD, SIDE)
        (process,) = processes_of(os.getpid()) - before
        mapped = Path(f"/proc/{process}/maps").read_text()
    assert "PIL" in mapped
    assert not [name for name in ("numpy", "onnxruntime", "lance", "torch") if f"/{name}" in mapped]


@pytest.mark.fault("S2")
def test_an_image_that_takes_too_long_is_refused_and_the_next_one_decoded(decoders: Decoders) -> None:
    with pytest.raises(ImageError, match=r"more than 2 s \(IMAGE_DECODE_SECONDS\)"):
        decoders.decode(SLOW, SIDE)
    assert decoders.decode(GOOD, SIDE).width == 64


@pytest.mark.fault("S2")
@pytest.mark.parametrize("wide", [True, False])
def test_a_run_length_bmp_of_a_hundred_million_pixels_is_refused(decoders: Decoders, wide: bool) -> None:
    with pytest.raises(ImageError, match=r"(BMP image is broken|takes more than)"):
        decoders.decode(hostile_images.rle_bmp(*((100_000_000, 1) if wide else (1, 100_000_000))), SIDE)
    assert decoders.decode(GOOD, SIDE).width == 64


@pytest.mark.fault("S2")
def test_an_image_that_takes_too_much_memory_is_refused_and_the_next_one_decoded() -> None:
    with Decoders(ImageLimits(seconds=60.0, megabytes=256), cores=1) as made:
        with pytest.raises(ImageError, match=r"more than 256 MB of memory \(IMAGE_DECODE_MEGABYTES\)"):
            made.decode(hostile_images.png(9_000, 9_000, 6), SIDE)
        assert made.decode(GOOD, SIDE).width == 64


def test_a_hundred_megapixels_fit_into_the_default_limits_of_memory() -> None:
    with Decoders(ImageLimits(seconds=60.0), cores=1) as made:
        assert made.decode(hostile_images.png(10_000, 10_000, 6), SIDE).height == 10_000


def test_a_want_of_memory_is_put_down_to_an_image_only_if_it_is_its_process_s_first(
    decoders: Decoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, tries = decoder.Decoder.decode, []

    def leaky(self: decoder.Decoder, *arguments: object) -> object:
        tries.append(self.decoded)
        if self.decoded:
            raise decoder.OutOfMemoryError("an image before has left nothing")
        return real(self, *arguments)

    decoders.decode(GOOD, SIDE)
    monkeypatch.setattr(decoder.Decoder, "decode", leaky)
    assert decoders.decode(GOOD, SIDE).width == 64
    assert [bool(decoded) for decoded in tries] == [True, False]


@pytest.mark.fault("S2")
def test_a_hostile_image_delays_nobody_else_s() -> None:
    others = processes_of(os.getpid())
    with Decoders(PATIENT, cores=1) as made:
        hostile = [begin(made, SLOW, "one project", time.monotonic() + 60) for _ in range(3)]
        until(lambda: made._in_use.total() == 1, "the hostile image is being decoded")
        assert made.decode(GOOD, SIDE, owner="another").width == 64
        assert not any(busy.outcome for busy in hostile)
        end(hostile, others)


def test_so_many_processes_there_are_at_most_and_the_next_owner_waits() -> None:
    others = processes_of(os.getpid())
    with Decoders(PATIENT, cores=1) as made:
        hostile = [begin(made, SLOW, f"project {number}") for number in range(1 + EXTRA)]
        until(lambda: made._in_use.total() == 1 + EXTRA, "all hostile images are being decoded")
        with pytest.raises(UndecidedError):
            made.decode(GOOD, SIDE, owner="another", deadline=time.monotonic() + 0.2)
        end(hostile, others)
        assert made.decode(GOOD, SIDE, owner="another").width == 64


def test_what_is_not_decoded_until_the_deadline_is_undecided_and_its_process_ends() -> None:
    before = processes_of(os.getpid())
    with Decoders(PATIENT, cores=1) as made:
        made.decode(GOOD, SIDE)
        with pytest.raises(UndecidedError):
            made.decode(SLOW, SIDE, deadline=time.monotonic() + 0.5)
        assert processes_of(os.getpid()) == before


def test_after_the_deadline_no_process_is_ended_for_it(decoders: Decoders) -> None:
    decoders.decode(GOOD, SIDE)
    before = processes_of(os.getpid())
    with pytest.raises(UndecidedError):
        decoders.decode(GOOD, SIDE, deadline=time.monotonic() - 1)
    assert processes_of(os.getpid()) == before


@pytest.mark.parametrize(
    ("fatal", "verdict"), [(signal.SIGSEGV, r"crash \(SIGSEGV\)"), (signal.SIGKILL, "want of memory perhaps")]
)
def test_a_process_that_crashes_costs_its_image_and_nothing_else(fatal: signal.Signals, verdict: str) -> None:
    process = decoder.Decoder(500)
    process.decode(GOOD, SIDE, PATIENT, float("inf"))
    threading.Timer(0.2, os.kill, (process.pid, fatal)).start()
    with pytest.raises(ImageError, match=verdict):
        process.decode(SLOW, SIDE, PATIENT, float("inf"))
    assert not process.is_open


def test_files_come_back_in_order_each_with_its_own_outcome(decoders: Decoders) -> None:
    outcomes = dict(decoders.decode_each(enumerate([GOOD, b"rubbish", GOOD, b""]), SIDE))
    assert [isinstance(outcomes[number], ImageError) for number in range(4)] == [False, True, False, True]


def test_where_no_process_gets_ready_the_message_says_how_to_see_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder.sys, "executable", "/bin/false")
    with (
        pytest.raises(DecodingError, match=r"To see why: .*-m model\.images\.process"),
        Decoders(ImageLimits()) as made,
    ):
        made.decode(GOOD, SIDE)


@pytest.mark.fault("S2")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000_000))
def test_mutated_files_are_decoded_or_refused(decoders: Decoders, seed: int) -> None:
    image = hostile_images.mutated(seed)
    try:
        assert decoders.decode(image.content, SIDE).pixels.shape == (SIDE, SIDE, 3)
    except ImageError as error:
        assert len(str(error)) < 1_200


@pytest.mark.fault("S2")
def test_small_bombs_are_decoded_or_refused(decoders: Decoders) -> None:
    for image in hostile_images.bombs(scale=0.02):
        try:
            decoders.decode(image.content, SIDE)
        except ImageError as error:
            assert not isinstance(error, UndecidedError), image.kind
