"""The label config of a project of images."""

from xml.etree import ElementTree

from scripts.stack.image_project import label_config


def test_class_names_may_hold_any_character() -> None:
    names = ['say "cheese"', "<b>&amp;", "Grüße", "it's"]
    choices = ElementTree.fromstring(label_config(names)).iter("Choice")
    assert [choice.get("value") for choice in choices] == names
