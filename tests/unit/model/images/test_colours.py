"""Large images are converted and shrunk a strip at a time, to the same as all at once."""

from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from model.images import colours
from model.images.colours import to_rgb, to_square

SIDE = 48


@pytest.fixture(params=[1, 1_000, 37 * 61])
def strip(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """How many pixels make a strip: one row, some, all."""
    monkeypatch.setattr(colours, "STRIP", request.param)
    yield request.param


def image(mode: str, size: tuple[int, int]) -> Image.Image:
    random, shape = np.random.default_rng(0), size[::-1]
    if mode == "I;16":
        return Image.fromarray(random.integers(0, 65536, shape, dtype=np.uint16))
    if mode in ("I", "F"):
        return Image.fromarray(random.integers(-500, 5_000, shape).astype(np.int32 if mode == "I" else np.float32))
    names = Image.new(mode, (1, 1)).getbands()
    bands = [Image.fromarray(random.integers(0, 256, shape, dtype=np.uint8)) for _ in names]
    made = bands[0].convert(mode) if len(bands) == 1 else Image.merge(mode, bands)
    if mode in ("P", "L"):
        made.info["transparency"] = 3
    return made


@pytest.mark.parametrize("size", [(61, 37), (37, 61), (50, 50)], ids=str)
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "I;16"])
def test_a_strip_at_a_time_gives_the_same_but_for_rounding(strip: int, mode: str, size: tuple[int, int]) -> None:
    made = image(mode, size)
    expected = np.asarray(to_rgb(made).resize((SIDE, SIDE), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(np.asarray(to_square(made, SIDE)) - expected).max() <= 1
