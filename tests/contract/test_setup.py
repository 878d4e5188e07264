"""`/setup` never fails, whatever the label config and whatever else the request holds."""

from typing import Any

import pytest

from backend.store.versions import NO_VERSION
from tests.contract.service import CONFIG, PROJECT, VERSION, Service
from tests.support.waiting import until

IMAGE = '<Image name="image" value="$image"/>'
CHOICES = '<Choices name="c" toName="image" choice="single"><Choice value="a"/><Choice value="b"/></Choices>'
OTHER_CHOICES = CHOICES.replace('name="c"', 'name="d"')
PER_REGION = CHOICES.replace("choice=", 'perRegion="true" choice=')
BOMB = (
    '<!DOCTYPE b [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(12))
    + "]><View>&a12;</View>"
)
CONFIGS = {
    "empty": "",
    "blank": "  \n",
    "no XML": "hello",
    "unclosed": "<View><Image",
    "null character": "<View>\0</View>",
    "lone surrogate": "<View>\ud800</View>",
    "entity bomb": BOMB,
    "external entity": '<!DOCTYPE b [<!ENTITY e SYSTEM "file:///etc/hostname">]><View>&e;</View>',
    "very deep": "<View>" * 20_000 + "</View>" * 20_000,
    "very long": f"<View>{IMAGE}{CHOICES}<!-- {'x' * 2_000_000} --></View>",
    "no image": f"<View>{CHOICES}</View>",
    "no choices": f"<View>{IMAGE}</View>",
    "two images": f'<View>{IMAGE}<Image name="other" value="$other"/>{CHOICES}</View>',
    "two choices": f"<View>{IMAGE}{CHOICES}{OTHER_CHOICES}</View>",
    "multiple": f"<View>{IMAGE}{CHOICES.replace('single', 'multiple')}</View>",
    "nested": f'<View>{IMAGE}<Choices name="c" toName="image" allowNested="true"><Choice value="a"><Choice value="b"/>'
    "</Choice></Choices></View>",
    "taxonomy": f'<View>{IMAGE}<Taxonomy name="t" toName="image"><Choice value="a"/></Taxonomy></View>',
    "boxes": f'<View>{IMAGE}<RectangleLabels name="r" toName="image"><Label value="a"/></RectangleLabels></View>',
    "per region": f"<View>{IMAGE}{PER_REGION}</View>",
    "from the task": f'<View>{IMAGE}<Choices name="c" toName="image" value="$options"/></View>',
    "text": '<View><Text name="text" value="$text"/></View>',
    "supported": f"<View>{IMAGE}{CHOICES}</View>",
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_any_label_config_is_answered_with_a_version(service: Service, config: str) -> None:
    answer = service.client.post("/setup", json={"project": "8.1700000000", "schema": config})
    assert (answer.status_code, answer.get_json()) == (200, {"model_version": NO_VERSION})


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "text",
        5,
        {},
        {"project": None, "schema": None},
        {"project": [], "schema": {}},
        {"project": "x.y", "schema": 5},
        {"project": True, "schema": CONFIG},
        {"project": -1, "schema": CONFIG},
        {"project": "99999999999999999999.1", "schema": CONFIG},
    ],
)
def test_any_body_is_answered_with_a_version(service: Service, body: Any) -> None:
    answer = service.client.post("/setup", json=body)
    assert (answer.status_code, answer.get_json()) == (200, {"model_version": NO_VERSION})


def test_a_body_that_is_no_json_is_answered_with_a_version(service: Service) -> None:
    answer = service.client.post("/setup", data=b"\xff{", content_type="application/json")
    assert (answer.status_code, answer.get_json()) == (200, {"model_version": NO_VERSION})


@pytest.mark.parametrize("project", ["7.1700000000", "7", 7, " 7.1 ", "7.1700000000.123456"])
def test_the_active_version_of_the_project_is_named(service: Service, project: Any) -> None:
    answer = service.client.post("/setup", json={"project": project, "schema": CONFIG})
    assert answer.get_json() == {"model_version": VERSION}


def test_address_and_token_of_the_request_are_not_used(service: Service) -> None:
    asked = {"project": "7.1", "schema": CONFIG, "hostname": "http://elsewhere.example", "access_token": "stolen"}
    service.client.post("/setup", json=asked)
    assert service.services.settings.label_studio_url.startswith("http://127.0.0.1")
    assert "stolen" not in service.client.get("/health").text


def test_another_label_config_is_a_hint(service: Service) -> None:
    service.forget_hints()
    service.client.post("/setup", json={"project": f"{PROJECT}.1700000000", "schema": CONFIGS["multiple"]})
    until(lambda: service.hinted(PROJECT), "a hint")
