"""Small images of classes that anybody tells apart, a network too: a shape in a colour, on a noisy ground."""

import io
from functools import partial

import numpy as np
from PIL import Image, ImageDraw

SIDE = 64
COLOURS = ("crimson", "royalblue", "gold", "seagreen", "purple", "orange")


def picture(class_number: int, seed: int) -> bytes:
    """A PNG of one class; no two seeds give the same bytes.

    Args:
        class_number: from 0; decides shape and colour.
        seed: decides noise, place and size.
    """
    rng = np.random.default_rng([class_number, seed])
    ground = rng.integers(170, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    image = Image.fromarray(ground)
    draw = ImageDraw.Draw(image)
    size = int(rng.integers(14, 24))
    x, y = (int(at) for at in rng.integers(size, SIDE - size, 2))
    box = (x - size, y - size, x + size, y + size)
    polygon = partial(draw.regular_polygon, (x, y, size))
    shapes = (draw.ellipse, draw.rectangle, partial(_polygon, polygon, 3), partial(_polygon, polygon, 6))
    shapes[class_number % len(shapes)](box, fill=COLOURS[class_number % len(COLOURS)])
    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()


def _polygon(draw: partial[None], sides: int, _: tuple[int, int, int, int], fill: str) -> None:
    draw(n_sides=sides, fill=fill)
