"""Pictures of what a model gets wrong with the greatest confidence."""

from matplotlib.figure import Figure

from model.arrays import IntArray
from scripts.lab.charts import png
from scripts.lab.comparison.figures import ModelFigures
from scripts.lab.comparison.images import Pixels

COLUMNS, MOST = 6, 18
CELL_INCHES = (1.58, 1.95)
LONGEST_NAME = 22


def grid(model: ModelFigures, images: Pixels, test: IntArray) -> bytes | None:
    """The surest mistakes among the test images, each with its true and its predicted class; None without a mistake.

    Args:
        model: its figures.
        images: uint8 (n, 3, s, s).
        test: rows of the test images.
    """
    places = model.mistakes(MOST)
    if not len(places):
        return None
    lines = -(-len(places) // COLUMNS)

    def draw(figure: Figure) -> None:
        cells = figure.subplots(lines, COLUMNS, squeeze=False).ravel()
        for cell in cells:
            cell.axis("off")
        for cell, place in zip(cells, places, strict=False):
            cell.imshow(images[test[place]].transpose(1, 2, 0))
            confidence = model.probabilities[place].max()
            true, predicted = (
                _short(model.classes[number]) for number in (model.targets[place], model.predicted[place])
            )
            cell.set_title(
                f"{true}\n→ {predicted}\n{100 * confidence:.0f} %", fontsize=7.5, color="#1f2937", linespacing=1.3
            )

    return png(draw, (CELL_INCHES[0] * COLUMNS, CELL_INCHES[1] * lines))


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
