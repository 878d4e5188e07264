"""`/predict`: one result per task, in order, whatever the tasks and their images are like."""

import base64
import io
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from PIL import Image

from backend.store.versions import NO_VERSION
from tests.contract.service import CLASSES, CONFIG, STORED, VERSION, Service, address, stored_task, task
from tests.support import hostile_images
from tests.support.pictures import picture
from tests.support.waiting import until

EMPTY = {"result": [], "score": 1.0, "model_version": VERSION}
SLOW_SECONDS = 9.0


class ImageHost(BaseHTTPRequestHandler):
    """Somebody's image server: a good picture, and everything that goes wrong with images."""

    def do_GET(self) -> None:
        name = self.path.rpartition("/")[2]
        if name == "slow.png":
            time.sleep(SLOW_SECONDS)
        content = {"good.png": picture(0, 100), "large.png": bytes(400_000), "text.png": b"no image"}.get(name)
        self.send_response(200 if content is not None else 404)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, *_: Any) -> None:
        """Tests print nothing."""


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), ImageHost)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def inline(image: Image.Image) -> str:
    content = io.BytesIO()
    image.save(content, "PNG")
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"


def choice(result: dict[str, Any]) -> str:
    (region,) = result["result"]
    assert region["from_name"] == "choice"
    assert region["to_name"] == "image"
    assert region["type"] == "choices"
    assert 0 < region["score"] <= 1
    (picked,) = region["value"]["choices"]
    return str(picked)


def test_stored_tasks_get_their_class_and_the_rank_score_of_the_queue(service: Service) -> None:
    results = service.predict([stored_task(number) for number in (3, 1, 2)])
    assert [choice(result) for result in results] == ["circle", "circle", "square"]
    assert [result["score"] for result in results] == [0.3, 0.1, 0.2]
    assert {result["model_version"] for result in results} == {VERSION}


def test_a_new_image_is_embedded_on_the_spot(service: Service) -> None:
    results = service.predict([task(1001, address(1, 77)), task(1002, address(0, 78))])
    assert [choice(result) for result in results] == ["square", "circle"]
    assert all(0 <= result["score"] < 1 for result in results)


def test_the_version_is_the_one_that_setup_names(service: Service) -> None:
    body = {"tasks": [stored_task(1), {}], "project": "7.1", "label_config": CONFIG}
    answer = service.client.post("/predict", json=body).get_json()
    assert {answer["model_version"], *(each["model_version"] for each in answer["results"])} == {service.version()}


def test_each_image_that_cannot_be_used_is_answered_empty_and_the_others_are_not_affected(
    service: Service, host: str, caplog: pytest.LogCaptureFixture
) -> None:
    bad = {
        "missing on the web": f"{host}/nothing.png",
        "no image": f"{host}/text.png",
        "more bytes than allowed": f"{host}/large.png",
        "more pixels than allowed": inline(Image.new("1", (2000, 2000))),
        "torn": address(0, 5)[:400],
        "not base64": "data:image/png;base64,?",
        "no comma": "data:image/png",
        # Hosts of this test's own: one that failed for others is given up, which is said once.
        "host that is not there": "http://127.0.0.1:10/a.png",
        "unknown host": "http://nowhere-at-all.invalid/a.png",
        "slower than allowed": f"{host}/slow.png",
        "no such file": "/data/local-files/?d=nothing.png",
        "no such upload": "/data/upload/1/nothing.png",
        "bucket": "s3://bucket/a.png",
        "unknown scheme": "ftp://127.0.0.1/a.png",
        "file": "file:///etc/hostname",
        "broken address": "http://[::1/a.png",
        "words": "not an address",
        "empty": "",
    }
    tasks = [task(2000 + number, image) for number, image in enumerate(bad.values())]
    results = service.predict([task(1999, f"{host}/good.png"), *tasks, stored_task(2)])
    assert dict(zip(bad, results[1:-1], strict=True)) == dict.fromkeys(bad, EMPTY)
    assert (choice(results[0]), choice(results[-1])) == ("circle", "square")
    assert all(f"{2000 + number}" in caplog.text for number in range(len(bad)))


WEIRD: list[Any] = [
    {},
    {"id": 3000},
    {"data": None},
    {"data": []},
    {"data": "text"},
    {"data": {}},
    {"data": {"image": None}},
    {"data": {"image": 5}},
    {"data": {"image": ["a", "b"]}},
    {"data": {"other": "x"}},
    {"id": None, "data": {"image": ""}},
    {"id": "text", "data": {"image": 1.5}},
]


def test_tasks_without_an_image_are_answered_empty(service: Service) -> None:
    results = service.predict([stored_task(1), *WEIRD, stored_task(2)])
    assert results[1:-1] == [EMPTY] * len(WEIRD)
    assert (choice(results[0]), choice(results[-1])) == ("circle", "square")


@pytest.mark.parametrize("number", [None, "3", -1, -2, 0, True, 1.5, 2**31, 10**30, [], {}])
def test_a_task_with_an_odd_id_is_predicted_by_its_image(service: Service, number: Any) -> None:
    tasks = [{"data": {"image": address(1, 2)}}, {"id": number, "data": {"image": address(0, 1)}}]
    assert [choice(result) for result in service.predict(tasks)] == ["square", "circle"]


def test_two_tasks_that_claim_the_same_id_are_each_predicted_by_their_image(service: Service) -> None:
    tasks = [task(4000, address(1, 2)), task(4000, address(0, 1))]
    assert [choice(result) for result in service.predict(tasks)] == ["square", "circle"]


def test_a_task_whose_image_changed_is_predicted_by_the_new_one(service: Service) -> None:
    assert choice(service.predict([task(1, address(1, 50))])[0]) == "square"


def test_no_tasks_are_answered_with_no_results(service: Service) -> None:
    assert service.predict([]) == []


def test_many_tasks_are_answered_in_order(service: Service) -> None:
    numbers = [1 + number % STORED for number in range(300)]
    results = service.predict([{"id": 5000 + at} | {"data": stored_task(n)["data"]} for at, n in enumerate(numbers)])
    assert [choice(result) for result in results] == [CLASSES[(number - 1) % 2] for number in numbers]


@pytest.mark.parametrize("project", [None, "", "x", 999, "999.1", -5, 10**30, [], {}])
def test_a_project_without_a_version_is_answered_empty(service: Service, project: Any) -> None:
    results = service.predict([stored_task(1), {}], project=project)
    assert results == [{"result": [], "score": 1.0, "model_version": NO_VERSION}] * 2


@pytest.mark.parametrize("config", ["<View/>", "junk", "<View>\0</View>"])
def test_a_label_config_that_is_not_supported_is_answered_empty(service: Service, config: str) -> None:
    assert service.predict([stored_task(1)], label_config=config) == [EMPTY]


@pytest.mark.parametrize("config", ["", None, 5, []])
def test_without_a_label_config_the_known_one_counts(service: Service, config: Any) -> None:
    assert choice(service.predict([stored_task(1)], label_config=config)[0]) == "circle"


def test_a_choice_that_the_label_config_lost_is_not_predicted(service: Service) -> None:
    results = service.predict([stored_task(1)], label_config=CONFIG.replace("circle", "triangle"))
    assert results == [{"result": [], "score": 0.1, "model_version": VERSION}]


@pytest.mark.parametrize(
    "body", [None, [], 5, "text", {}, {"tasks": None}, {"tasks": 3}, {"tasks": {}}, {"tasks": [1]}, {"tasks": [None]}]
)
def test_a_malformed_request_is_refused_in_one_sentence(service: Service, body: Any) -> None:
    answer = service.client.post("/predict", json=body)
    assert answer.status_code == 400
    assert list(answer.get_json()) == ["error"]
    assert "\n" not in answer.get_json()["error"]


def test_text_that_is_no_json_is_refused(service: Service) -> None:
    answer = service.client.post("/predict", data=b"{", content_type="application/json")
    assert answer.status_code == 400


def test_another_method_is_refused(service: Service) -> None:
    answer = service.client.get("/predict")
    assert (answer.status_code, list(answer.get_json())) == (405, ["error"])


@pytest.mark.fault("S2")
def test_while_a_hostile_image_is_decoded_health_and_other_projects_are_answered(service: Service) -> None:
    hostile = base64.b64encode(hostile_images.progressive_jpeg(side=900)).decode()
    answered = threading.Event()

    def ask() -> None:
        service.predict([task(900, f"data:image/jpeg;base64,{hostile}")])
        answered.set()

    threading.Thread(target=ask, daemon=True).start()
    until(lambda: service.web.services.decoders._in_use.total() == 1, "the hostile image is being decoded")
    assert service.client.get("/health").status_code == 200
    assert not answered.is_set()
    assert answered.wait(120)
