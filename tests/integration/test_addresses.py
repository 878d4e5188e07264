"""Addresses that a real Label Studio makes, under a public name and below a sub-path: each leads to its image."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
import requests

from backend.images.address_book import AddressBook
from backend.images.fetcher import ImageFetcher, Unavailable
from backend.label_studio.client import LabelStudio
from scripts.cli.connection.api import LabelStudioApi
from scripts.stack.image_project import label_config
from scripts.stack.label_studio import label_studio_spec
from scripts.stack.ports import choose_port
from scripts.stack.processes import LocalProcess
from tests.support.label_studio import RunningLabelStudio
from tests.support.pictures import picture
from tests.support.s3 import CREDENTIALS, Storage
from tests.support.s3 import serving as serving_s3
from tests.support.shared import ENVIRONMENT, restore_data
from tests.support.sub_path import PATH, Proxy, proxying

KEYS = ("кот.png", "a b+c%20d&e=f.png", "folder/ß~.png")
BUCKETS = {"presigned": KEYS[:2], "proxied": KEYS[2:]}
"""Label Studio redirects to the first, and hands on what is in the second."""
FILES = ("dog.png", "a b+c%20d.png", "собака.png")
UPLOAD = "up load ü.png"


@dataclass(frozen=True)
class Tasks:
    """Tasks of all kinds.

    Attributes:
        images: by the names of the files.
        resolved: address by task, as the loop pulls it.
        plain: address by task, as `/predict` gets it.
    """

    images: Mapping[str, bytes]
    resolved: Mapping[int, str]
    plain: Mapping[int, str]


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    with proxying() as running:
        yield running


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    with serving_s3(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture(scope="module")
def named_label_studio(
    label_studio: RunningLabelStudio, proxy: Proxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningLabelStudio]:
    """One that knows itself by the proxy's public name, with its sub-path."""
    folder = tmp_path_factory.mktemp("named-label-studio")
    server = replace(
        label_studio.server, port=choose_port(18_580), data=folder / "data", documents=folder / "documents"
    )
    restore_data(server.data)
    spec = label_studio_spec(server, ENVIRONMENT, folder / "label-studio.log")
    named = {"LABEL_STUDIO_HOST": proxy.public_url}
    process = LocalProcess(replace(spec, environment={**spec.environment, **named}))
    process.start()
    process.wait_until_ready()
    proxy.behind = server.url
    yield RunningLabelStudio(server)
    process.kill()


@pytest.fixture(scope="module")
def tasks(named_label_studio: RunningLabelStudio, storage: Storage) -> Tasks:
    api = named_label_studio.api
    made = api.send_object(
        "POST", "/api/projects/", {"title": "all addresses", "label_config": label_config(["a", "b"])}
    )
    project = int(made["id"])
    images = {name: picture(0, seed) for seed, name in enumerate([*FILES, *KEYS, UPLOAD])}
    folder = named_label_studio.documents / "shots"
    folder.mkdir(parents=True)
    for name in FILES:
        (folder / name).write_bytes(images[name])
    _sync(api, "localfiles", {"project": project, "path": str(folder), "use_blob_urls": True})
    for bucket, keys in BUCKETS.items():
        storage.fill(bucket, {key: images[key] for key in keys})
        source = {"project": project, "bucket": bucket, "use_blob_urls": True, "recursive_scan": True}
        _sync(api, "s3", {**source, **CREDENTIALS, "presign": bucket == "presigned", "s3_endpoint": storage.url})
    _upload(named_label_studio, project, images[UPLOAD])
    listed = api.get(f"/api/tasks?project={project}&fields=task_only&page_size=100")["tasks"]
    resolved = {int(task["id"]): str(task["data"]["image"]) for task in listed}
    plain = {task: str(api.get(f"/api/tasks/{task}?resolve_uri=false")["data"]["image"]) for task in resolved}
    return Tasks(images, resolved, plain)


def _sync(api: LabelStudioApi, kind: str, body: dict[str, Any]) -> None:
    made = api.send_object("POST", f"/api/storages/{kind}", body)
    api.send_object("POST", f"/api/storages/{kind}/{made['id']}/sync", {})


def _upload(label_studio: RunningLabelStudio, project: int, content: bytes) -> None:
    requests.post(
        f"{label_studio.url}/api/projects/{project}/import",
        files={"file": (UPLOAD, content, "image/png")},
        headers={"Authorization": f"Token {label_studio.token}"},
        timeout=60,
    ).raise_for_status()


@pytest.fixture(params=["by its port", "by its port and its name", "by the proxy and its name", "by the proxy"])
def names(request: pytest.FixtureRequest, named_label_studio: RunningLabelStudio, proxy: Proxy) -> Sequence[str]:
    """How a backend may know Label Studio, LABEL_STUDIO_URL first."""
    ways = {
        "by its port": [named_label_studio.url],
        "by its port and its name": [named_label_studio.url, proxy.public_url],
        "by the proxy and its name": [proxy.url, proxy.public_url],
        "by the proxy": [proxy.url],
    }
    return ways[request.param]


@pytest.fixture
def fetcher(names: Sequence[str], named_label_studio: RunningLabelStudio) -> ImageFetcher:
    client = LabelStudio(names[0], named_label_studio.token)
    return ImageFetcher(client, 10**6, seconds=60.0, addresses=AddressBook(client, names))


@pytest.mark.fault("R2")
def test_label_studio_says_what_it_calls_itself(
    named_label_studio: RunningLabelStudio, label_studio: RunningLabelStudio, proxy: Proxy
) -> None:
    assert LabelStudio(named_label_studio.url, named_label_studio.token).public_address() == proxy.public_url
    assert LabelStudio(label_studio.url, label_studio.token).public_address() is None


def test_label_studio_makes_the_addresses_that_are_meant(tasks: Tasks, proxy: Proxy) -> None:
    made = sorted(tasks.resolved.values())
    assert sum(address.startswith(f"{proxy.public_url}/data/local-files/?d=") for address in made) == len(FILES)
    assert sum(address.startswith(f"{proxy.public_url}/tasks/") for address in made) == len(KEYS)
    assert sum(address.startswith(f"{PATH}/data/upload/") for address in made) == 1
    assert sum(address.startswith("s3://") for address in tasks.plain.values()) == len(KEYS)


@pytest.mark.fault("R2")
@pytest.mark.fault("R4")
@pytest.mark.fault("R8")
def test_every_address_leads_to_its_image(tasks: Tasks, fetcher: ImageFetcher, proxy: Proxy) -> None:
    for addresses in (tasks.resolved, tasks.plain):
        fetched = {task: fetcher.fetch(address, task) for task, address in addresses.items()}
        assert [outcome for outcome in fetched.values() if isinstance(outcome, Unavailable)] == []
        assert Counter(fetched.values()) == Counter(tasks.images.values())
    assert proxy.strangers == []


@pytest.mark.fault("R2")
def test_files_of_the_document_root_are_read_from_disk(
    tasks: Tasks, names: Sequence[str], named_label_studio: RunningLabelStudio
) -> None:
    away = LabelStudio("http://127.0.0.1:9", named_label_studio.token)
    book = AddressBook(LabelStudio(names[0], named_label_studio.token), names)
    here = ImageFetcher(away, 10**6, 60.0, named_label_studio.documents, book)
    files = {task: address for task, address in tasks.resolved.items() if "local-files" in address}
    fetched = [here.fetch(address, task) for task, address in files.items()]
    assert Counter(fetched) == Counter(tasks.images[name] for name in FILES)


@pytest.mark.fault("R8")
def test_what_the_loop_pulls_and_what_predict_gets_is_one_address(
    tasks: Tasks, names: Sequence[str], named_label_studio: RunningLabelStudio
) -> None:
    book = AddressBook(LabelStudio(names[0], named_label_studio.token), names)
    pulled = {task: book.canonical(address, task) for task, address in tasks.resolved.items()}
    assert pulled == {task: book.canonical(address, task) for task, address in tasks.plain.items()}
    assert len(set(pulled.values())) == len(tasks.images)
