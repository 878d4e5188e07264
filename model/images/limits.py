"""What one image may ask of us."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ImageLimits:
    """The most that one image may ask of us.

    Attributes:
        max_bytes: size of the file.
        max_pixels: width times height of the first frame. Pillow's own ceiling of about 179 million holds besides.
        seconds: of a core's time to decode it, above 0. Not of the clock: on a busy machine, an image is no worse.
        megabytes: of memory to decode it, the file included.
    """

    max_bytes: int = 50_000_000
    max_pixels: int = 100_000_000
    seconds: float = 10.0
    megabytes: int = 1_500
