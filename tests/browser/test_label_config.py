"""Which image Label Studio's page shows for a label config: the one that this backend reads."""

import io
from collections.abc import Callable

import pytest
from PIL import Image

from backend.label_studio.task_data import image_address
from scripts.stack.image_project import label_config
from tests.browser.annotator import BrowserAnnotator
from tests.support.project import LabelledProject

VALUES = ("$photo.url", "$item.images[1].url", "$item.url", "$pair", "/data/local-files/?d=$named")
"""Of a task whose images are of different sizes each, so that the page tells by the size which one it shows."""


def png(side: int) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (side, side)).save(content, "PNG")
    return content.getvalue()


@pytest.mark.fault("R5")
@pytest.mark.parametrize("value", VALUES)
def test_the_page_shows_the_image_that_is_read(
    annotator: BrowserAnnotator, make_project: Callable[..., LabelledProject], value: str
) -> None:
    project = make_project(per_class=0, config=label_config(["a", "b"]).replace("$image", value))
    sides = {}
    for side in range(40, 48):
        path = project.folder / f"{side}.png"
        path.write_bytes(png(side))
        sides[project.address_of(path)] = side
    addresses = list(sides)
    data = {
        "photo": {"url": addresses[0]},
        "item": {"images": [{"url": addresses[1]}, {"url": addresses[2]}], "url": addresses[3]},
        "item.url": addresses[4],
        "pair": [addresses[5], addresses[6]],
        "named": addresses[7].partition("=")[2],
    }
    project.api.send_object("POST", f"/api/projects/{project.id}/import", [{"data": data}])
    annotator.label_all_tasks(project.id)
    side = sides[image_address(value, data)]
    assert annotator.image_size() == (side, side)
