"""docker-compose.yml: valid by the Compose specification, complete, and without a secret of its own.

No container is started: that needs an engine. What runs in them is tried in test_images.py.
"""

import ipaddress
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from backend.settings import Settings
from scripts.stack.label_studio import SWITCHES

OURS = ("backend", "worker", "worker-gpu", "trainer", "export")
LOCAL_FILES = "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED"
# On one machine they call each other's loopback addresses; here, only the network `loop` is open.
OPENED_OTHERWISE = {LOCAL_FILES, "ML_BLOCK_LOCAL_IP", "SSRF_PROTECTION_ENABLED"}
ALL = ("label-studio", "postgres", "redis", *OURS)
CONFINED = ("redis", *OURS)
PRIVATE = (
    *("10.0.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "172.17.0.1", "172.31.249.255", "172.31.251.0"),
    *("192.168.1.1", "0.0.0.0", "::1", "fd00:ec2::254"),
)
VARIABLE = re.compile(r"\$\{(\w+)(:?[-?])([^}]*)\}")

Json = dict[str, Any]


@pytest.fixture(scope="module")
def text(checkout: Path) -> str:
    return (checkout / "docker-compose.yml").read_text()


@pytest.fixture(scope="module")
def compose(text: str) -> Json:
    loaded: Json = yaml.safe_load(text)
    return loaded


@pytest.fixture(scope="module")
def services(compose: Json) -> dict[str, Json]:
    found: dict[str, Json] = compose["services"]
    return found


@pytest.fixture(scope="module")
def dockerfile(checkout: Path) -> str:
    return (checkout / "Dockerfile").read_text()


def test_it_follows_the_specification(checkout: Path) -> None:
    # The checker carries the specification's own schema, unchanged.
    checker = Path(sys.executable).with_name("check-jsonschema")
    command = [str(checker), "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"]
    ended = subprocess.run(command, cwd=checkout, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_it_runs_all_parts(services: dict[str, Json]) -> None:
    assert set(services) == {"label-studio", "postgres", "redis", *OURS}


@pytest.mark.parametrize("name", OURS)
def test_every_variable_of_our_processes_is_a_setting(name: str, services: dict[str, Json]) -> None:
    known = {field.upper() for field in Settings.model_fields} | {"HOME"}
    assert set(services[name]["environment"]) - known == set()


def test_our_processes_share_their_settings_and_their_folder(services: dict[str, Json]) -> None:
    web, worker = (services[name]["environment"] for name in ("backend", "worker"))
    assert {name: worker[name] for name in web if name != "PORT"} == {k: v for k, v in web.items() if k != "PORT"}
    assert {tuple(services[name]["volumes"]) for name in OURS} == {("model:/data",)}
    assert {services[name]["environment"]["MODEL_DIR"] for name in OURS} == {"/data"}


def test_our_settings_are_accepted(services: dict[str, Json]) -> None:
    given = {name: VARIABLE.sub(_filled, value) for name, value in services["worker"]["environment"].items()}
    # An empty variable is none, as in the environment.
    settings = Settings.model_validate({name.lower(): value for name, value in given.items() if value})
    assert settings.database_url == "sqlite:////data/mirror.sqlite3"


def _filled(variable: re.Match[str]) -> str:
    """What a variable is where nobody sets it but where it must be set."""
    return "filled" if variable[2].endswith("?") else variable[3]


def test_label_studio_has_the_switches_that_the_loop_needs(services: dict[str, Json]) -> None:
    environment = services["label-studio"]["environment"]
    assert {name: environment[name] for name in SWITCHES if name not in OPENED_OTHERWISE} == {
        name: value for name, value in SWITCHES.items() if name not in OPENED_OTHERWISE
    }


def test_local_files_are_off_unless_asked_for(services: dict[str, Json]) -> None:
    assert services["label-studio"]["environment"][LOCAL_FILES] == f"${{{LOCAL_FILES}:-false}}"


def test_the_release_is_the_one_that_is_tested(checkout: Path, services: dict[str, Json]) -> None:
    pinned = re.search(r"^label-studio==(\S+)", (checkout / "scripts/label-studio-requirements.txt").read_text(), re.M)
    assert pinned is not None
    assert services["label-studio"]["image"] == f"heartexlabs/label-studio:{pinned[1]}"


def test_the_token_that_the_backend_uses_is_the_first_users(services: dict[str, Json]) -> None:
    theirs = services["label-studio"]["environment"]["LABEL_STUDIO_USER_TOKEN"]
    ours = services["backend"]["environment"]["LABEL_STUDIO_API_KEY"]
    assert VARIABLE.match(theirs)[1] == VARIABLE.match(ours)[1] == "LABEL_STUDIO_API_KEY"  # type: ignore[index]


def test_every_secret_must_be_set_and_none_has_a_default(services: dict[str, Json]) -> None:
    given = {
        (name, value)
        for service in services.values()
        for name, value in service.get("environment", {}).items()
        if re.search(r"PASS|SECRET|TOKEN|API_KEY|USERNAME", name) and name != "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN"
    }
    assert len(given) >= 7
    assert [name for name, value in given if not re.fullmatch(r"\$\{\w+:\?[^}]+\}", value)] == []


def test_the_example_names_every_variable_and_no_value(checkout: Path, text: str) -> None:
    example = (checkout / ".env.example").read_text()
    named = dict(re.findall(r"^(?:# )?([A-Z_]+)=(.*)$", example, re.MULTILINE))
    required = {name for name, kind, _ in VARIABLE.findall(text) if kind == ":?"}
    optional = {name: default for name, kind, default in VARIABLE.findall(text) if kind == ":-"}
    assert named == dict.fromkeys(required, "") | optional


def test_every_service_waits_for_healthy_ones(services: dict[str, Json]) -> None:
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}, name
            assert "healthcheck" in services[needed] or needed in OURS
            assert "profiles" not in services[needed]


def test_every_volume_and_host_is_there(compose: Json, services: dict[str, Json]) -> None:
    mounted = {volume.partition(":")[0] for service in services.values() for volume in service.get("volumes", ())}
    assert mounted == set(compose["volumes"])
    addresses = re.findall(r"(?:http|redis)://([\w.-]+):(\d+)", yaml.safe_dump(services))
    assert {host for host, _ in addresses} - {"127.0.0.1"} <= set(services)
    assert services["label-studio"]["environment"]["POSTGRE_HOST"] in services


def test_ports_are_those_that_the_processes_listen_on(services: dict[str, Json], dockerfile: str) -> None:
    assert services["label-studio"]["ports"] == ["${LABEL_STUDIO_ADDRESS:-127.0.0.1}:${LABEL_STUDIO_PORT:-8080}:8080"]
    port = services["backend"]["environment"]["PORT"]
    assert services["backend"]["ports"] == [f"127.0.0.1:${{BACKEND_PORT:-9090}}:{port}"]
    assert f"EXPOSE {port}" in dockerfile
    assert [name for name in ("postgres", "redis", "worker") if "ports" in services[name]] == []


def test_what_takes_pytorch_comes_by_its_profile_only(services: dict[str, Json]) -> None:
    profiles = {name: service["profiles"] for name, service in services.items() if "profiles" in service}
    assert profiles == {"worker-gpu": ["gpu"], "trainer": ["gpu"], "export": ["export"]}


def test_the_cuda_worker_has_a_gpu(services: dict[str, Json]) -> None:
    worker = services["worker-gpu"]
    assert worker["environment"]["DEVICE"] == "cuda"
    devices = worker["deploy"]["resources"]["reservations"]["devices"]
    assert devices == [{"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}]


@pytest.mark.fault("S15")
@pytest.mark.parametrize("name", ALL)
def test_no_container_may_do_or_use_more_than_it_needs(name: str, services: dict[str, Json]) -> None:
    service = services[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "pids_limit"} <= service.keys()
    assert {"max-size", "max-file"} <= service["logging"]["options"].keys()


@pytest.mark.fault("S15")
@pytest.mark.parametrize("name", CONFINED)
def test_a_container_that_keeps_nothing_but_its_volume_can_write_nothing_else(
    name: str, services: dict[str, Json]
) -> None:
    assert services[name]["read_only"] is True


@pytest.mark.fault("S15")
def test_nothing_is_published_beyond_this_machine_unasked(services: dict[str, Json]) -> None:
    published = [VARIABLE.sub(_filled, port) for service in services.values() for port in service.get("ports", ())]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


@pytest.mark.fault("S9")
@pytest.mark.fault("S15")
def test_redis_takes_a_password_and_is_reached_by_our_own_processes_only(
    services: dict[str, Json], compose: Json
) -> None:
    redis = services["redis"]
    password = redis["environment"]["REDISCLI_AUTH"]
    assert "REDIS_PASSWORD:?" in password
    assert '--requirepass "$$REDISCLI_AUTH"' in redis["command"][-1]
    assert "ports" not in redis
    (network,) = redis["networks"]
    assert compose["networks"][network]["internal"] is True
    assert {name for name, service in services.items() if network in service["networks"]} == {"redis", *OURS}


@pytest.mark.fault("S15")
def test_label_studio_calls_no_private_address_but_the_backends(services: dict[str, Json], compose: Json) -> None:
    environment = services["label-studio"]["environment"]
    assert environment["USE_DEFAULT_BANNED_SUBNETS"] == "false"
    assert OPENED_OTHERWISE.isdisjoint(environment.keys() - {LOCAL_FILES})
    refused = [ipaddress.ip_network(each) for each in environment["USER_ADDITIONAL_BANNED_SUBNETS"].split(",")]
    (network,) = set(services["backend"]["networks"]) & set(services["label-studio"]["networks"])
    ours = ipaddress.ip_network(compose["networks"][network]["ipam"]["config"][0]["subnet"])
    assert not any(each.version == ours.version and each.overlaps(ours) for each in refused)
    for address in map(ipaddress.ip_address, PRIVATE):
        assert any(address in each for each in refused), address
