"""Label configs: what is understood, and the one reason why another is not."""

from contextlib import suppress
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import OddResultError, UnsupportedConfigError
from backend.label_studio import config
from tests.support.odd import ANYTHING, odd

IMAGE = '<Image name="image" value="$image"/>'
TWO = '<Choice value="a"/><Choice value="b"/>'


def choices(inner: str = TWO, **attributes: str) -> str:
    given_attributes = {"name": "c", "toName": "image", "choice": "single"} | attributes
    written = " ".join(f"{name}={quoteattr(value)}" for name, value in given_attributes.items())
    return f"<Choices {written}>{inner}</Choices>"


def view(*parts: str) -> str:
    return f"<View>{''.join(parts)}</View>"


def region(choice: object, from_name: str = "c", kind: str = "choices") -> dict[str, object]:
    return {"from_name": from_name, "to_name": "image", "type": kind, "value": {"choices": choice}}


def test_classes_keep_the_order_of_the_config() -> None:
    listed = "".join(f'<Choice value="{name}"/>' for name in ("zebra", "ant", "Mouse"))
    assert config.read(view(IMAGE, choices(listed))).classes == ("zebra", "ant", "Mouse")


def test_an_alias_is_what_annotations_and_predictions_carry() -> None:
    labeling = config.read(view(IMAGE, choices('<Choice value="A long title" alias="a"/><Choice value="b"/>')))
    assert labeling.classes == ("a", "b")
    assert labeling.current("A long title") == "a"
    assert labeling.current("a") == "a"


def test_a_choice_that_is_gone_is_no_class() -> None:
    assert config.read(view(IMAGE, choices())).current("c") is None


def test_tags_may_have_any_name_and_the_image_any_field() -> None:
    image = '<Image name="Bild 1" value="$photo.url"/>'
    labeling = config.read(view(image, choices(name="Sorte", toName="Bild 1")))
    assert labeling.image == "$photo.url"
    (made,) = labeling.regions("a", 0.5)
    assert made == {
        "from_name": "Sorte",
        "to_name": "Bild 1",
        "type": "choices",
        "value": {"choices": ["a"]},
        "score": 0.5,
    }


def test_another_field_or_tag_name_is_something_else_to_read_and_another_choice_is_not() -> None:
    before = config.read(view(IMAGE, choices())).fields
    more = choices(TWO + '<Choice value="z"/>')
    assert config.read(view(IMAGE, more)).fields == before
    assert config.read(view(IMAGE.replace("$image", "$photo"), choices())).fields != before
    assert config.read(view(IMAGE, choices(name="d"))).fields != before


def test_other_tags_around_do_not_matter() -> None:
    header = '<Style>.a{}</Style><Header value="Which?"/><View className="w">'
    assert config.read(view(header, choices(), "</View>", IMAGE)).classes == ("a", "b")


@pytest.mark.parametrize("mode", ["single", "single-radio"])
def test_one_of_several_may_be_asked_for_in_two_ways(mode: str) -> None:
    assert config.read(view(IMAGE, choices(choice=mode))).classes == ("a", "b")


def test_single_is_what_a_choices_tag_means_without_saying() -> None:
    assert config.read(view(IMAGE, choices().replace('choice="single"', ""))).classes == ("a", "b")


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1), min_size=2, unique=True
    )
)
def test_any_text_may_be_a_class(names: list[str]) -> None:
    normal = {" ".join(name.split()) for name in names}
    if len(normal) < len(names) or "" in normal:
        return
    listed = "".join(f"<Choice value={quoteattr(name)}/>" for name in names)
    assert config.read(view(IMAGE, choices(listed))).classes == tuple(names)


def test_a_label_is_the_one_choice_of_the_tag() -> None:
    labeling = config.read(view(IMAGE, choices()))
    others: list[dict[str, object]] = [
        region(["x"], from_name="other"),
        region(["y"], kind="taxonomy"),
        {"type": "choices"},
        {},
    ]
    assert labeling.answer([*others, region(["b"])]) == ("b", None)


def test_a_choice_that_was_taken_back_is_no_answer() -> None:
    assert config.read(view(IMAGE, choices())).answer([region([])]) is None


@pytest.mark.parametrize("picked", [["a", "b"], "a", None, [1], [["a"]], {}, ["a\0"], ["\ud800"], ["a" * 5_000]])
def test_what_is_not_exactly_one_choice_is_odd(picked: object) -> None:
    with pytest.raises(OddResultError):
        config.read(view(IMAGE, choices())).answer([region(picked)])


def test_a_choice_of_another_tag_is_told_apart() -> None:
    assert config.read(view(IMAGE, choices())).answer([region(["a"], from_name="old")]) == ("a", "old")


UNSUPPORTED = {
    "junk": ("<View", "not well-formed"),
    "empty": ("", "not well-formed"),
    "no image": (view(choices()), "0 Image tags"),
    "two images": (view(IMAGE, IMAGE.replace('"image"', '"i2"'), choices()), "2 Image tags"),
    "no choices": (view(IMAGE), "0 Choices tags"),
    "two choices": (view(IMAGE, choices(), choices(name="d")), "2 Choices tags"),
    "multiple": (view(IMAGE, choices(choice="multiple")), 'choice="multiple"'),
    "nested by attribute": (view(IMAGE, choices(allowNested="true")), "allowNested"),
    "nested by content": (view(IMAGE, choices('<Choice value="a"><Choice value="b"/></Choice>')), "nests"),
    "per region": (view(IMAGE, choices(perRegion="true")), "perRegion"),
    "per item": (view(IMAGE, choices(perItem="true")), "perItem"),
    "conditional": (view(IMAGE, choices(visibleWhen="choice-selected")), "visibleWhen"),
    "several images a task": (view(IMAGE.replace("value=", "valueList="), choices()), "valueList"),
    "choices from the task": (view(IMAGE, choices("", value="$options")), "from the task"),
    "one choice": (view(IMAGE, choices('<Choice value="a"/>')), "two choices or more"),
    "the same choice twice": (view(IMAGE, choices('<Choice value="a"/><Choice value="a"/>')), "all different"),
    "an alias that is another's value": (
        view(IMAGE, choices('<Choice value="a" alias="b"/><Choice value="b"/>')),
        "all different",
    ),
    "a choice without a value": (view(IMAGE, choices('<Choice alias="a"/><Choice value="b"/>')), "no value="),
    "about something else": (view(IMAGE, choices(toName="text")), 'for "text"'),
    "without a name": (view(IMAGE, choices().replace('name="c"', "")), "no name="),
    "a fixed image": (view('<Image name="image" value="cat.png"/>', choices()), "must name a field"),
    "taxonomy": (view(IMAGE, '<Taxonomy name="t" toName="image"><Choice value="a"/></Taxonomy>'), "0 Choices tags"),
}


@pytest.mark.parametrize(("text", "reason"), UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_a_config_that_is_not_supported_says_why_in_one_line(text: str, reason: str) -> None:
    with pytest.raises(UnsupportedConfigError) as refused:
        config.read(text)
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.fault("R7")
@given(ANYTHING | st.lists(odd({"from_name": st.just("c"), "type": st.just("choices"), "value": ANYTHING})))
def test_whatever_a_result_is_it_is_an_answer_or_none_or_odd(result: Any) -> None:
    with suppress(OddResultError):
        answer = config.read(view(IMAGE, choices())).answer(result)
        assert answer is None or isinstance(answer.choice, str)


@pytest.mark.fault("R7")
@given(st.text(st.characters(exclude_categories=[])))
def test_whatever_a_label_config_is_it_is_read_or_refused(text: str) -> None:
    for written in (text, view(IMAGE, choices(name=text)), f"<View {text}/>"):
        with suppress(UnsupportedConfigError):
            assert config.read(written).classes


@pytest.mark.fault("S11")
@pytest.mark.parametrize(
    "label_config",
    [
        f'<View><Image name="image" value="{"x" * 900_000}"/><Choices name="c" toName="image"><Choice value="a"/>'
        '<Choice value="b"/></Choices></View>',
        f'<View><Image name="image" value="$image"/><Choices name="c" toName="image" choice="{"x" * 900_000}"/></View>',
        f"<View>{'x' * 20_000_000}</View>",
    ],
    ids=["a long value", "a long choice", "a long config"],
)
def test_why_a_long_config_is_refused_is_short(label_config: str) -> None:
    with pytest.raises(UnsupportedConfigError) as refused:
        config.read(label_config)
    assert len(str(refused.value)) < 300


@pytest.mark.fault("S11")
@pytest.mark.parametrize(
    "label_config",
    [
        '<!DOCTYPE v [<!ENTITY a "b">]><View>&a;</View>',
        '<!DOCTYPE v [<!ENTITY a SYSTEM "file:///etc/passwd">]><View>&a;</View>',
        "<View>" * 100_000 + "</View>" * 100_000,
    ],
    ids=["an entity", "a file", "very deep"],
)
def test_configs_that_attack_the_parser_are_refused(label_config: str) -> None:
    with pytest.raises(UnsupportedConfigError):
        config.read(label_config)
