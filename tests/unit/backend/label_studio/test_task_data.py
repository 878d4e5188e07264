"""What a label config's value stands for in a task: as the page of Label Studio 1.23.2 has it."""

from typing import Any

import pytest

from backend.label_studio.task_data import image_address, names_a_field

DATA = {
    "image": "/a.png",
    "photo": {"url": "/b.png", "sizes": [{"url": "/small.png"}, {"url": "/large.png"}]},
    "item": {"images": [{"url": "/c.png"}]},
    "dotted.key": "/d.png",
    "photo.thumb": "/e.png",
    "list[0]": "/f.png",
    "rows": [["/g.png"]],
    "pair": ["/h.png", "/i.png"],
    "Bild-Datei": "/j.png",
    "number": 7,
    "nothing": None,
}


@pytest.mark.fault("R5")
@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("$image", "/a.png"),
        ("$photo.url", "/b.png"),
        ("$photo[url]", "/b.png"),
        ("$item.images[0].url", "/c.png"),
        ("$photo.sizes[1].url", "/large.png"),
        ("$photo.sizes.1.url", "/large.png"),
        ("$dotted.key", "/d.png"),
        ("$photo.thumb", "/e.png"),
        ("$list[0]", "/f.png"),
        ("$rows[0][0]", "/g.png"),
        ("$pair", "/h.png"),
        ("$pair[1]", "/i.png"),
        ("https://images.example/$number-1.png", "https://images.example/7-1.png"),
        ("https://images.example/$number.png", ""),
        ("https://images.example/$number/a-$number-$photo.url", "https://images.example/7/a-7-/b.png"),
        ("$Bild-Datei", "/j.png"),
        ("$photo", ""),
        ("$photo.nothing.url", ""),
        ("$image.url", ""),
        ("$rows[1]", ""),
        ("$rows[00]", ""),
        ("$rows[-1]", ""),
        ("$number", ""),
        ("$nothing", ""),
    ],
)
def test_an_image_tag_shows_what_its_value_names(value: str, address: str) -> None:
    assert image_address(value, DATA) == address


@pytest.mark.parametrize("data", [None, 5, "text", [], ["/a.png"], {}, {"image": {}}, {"image": [[]]}, {"image": [5]}])
def test_odd_data_shows_no_image(data: Any) -> None:
    assert image_address("$image", data) == ""


@pytest.mark.parametrize(
    ("value", "named"), [("$image", True), ("a$b.png", True), ("cat.png", False), ("$", False), ("$Фото", True)]
)
def test_a_value_names_a_field_where_it_has_a_variable(value: str, named: bool) -> None:
    assert names_a_field(value) is named
