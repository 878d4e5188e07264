"""Every setting of the backend; the only place where settings are read from the environment."""

import ipaddress
import sys
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from backend.transport.public import Network, read_networks
from model.backbone.backbone import PRETRAINED, check_name
from model.rank.registry import NAMES

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Likeness = Annotated[float, Field(gt=0.0, le=1.0)]
Seconds = Annotated[float, Field(ge=0.0)]


def is_loopback(host: str) -> bool:
    """Whether a host's name or number is this machine's own, which no other reaches."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


class Settings(BaseSettings):
    """Settings, each read from the environment variable of the same name in capitals.

    Label Studio's own names are used where they exist. The table in the README is generated from this class.
    """

    model_config = SettingsConfigDict(env_prefix="", case_sensitive=False, extra="ignore", env_ignore_empty=True)

    label_studio_url: str = Field(
        "http://localhost:8080", description="Address of Label Studio, with http:// or https://"
    )
    label_studio_host: str = Field(
        "",
        description="Label Studio's own setting of this name: the address at which browsers reach it, if it is another",
    )
    label_studio_other_urls: str = Field(
        "", description="More addresses of Label Studio that tasks carry, with commas between them"
    )
    label_studio_api_key: str = Field("", description="Label Studio token: a legacy token or a personal access token")
    label_studio_local_files_document_root: Path | None = Field(
        None, description="Folder of Label Studio's local files, if this machine has it: images are then read from disk"
    )
    redis_url: str = Field("redis://localhost:6379/0", description="Redis for the queue")
    database_url: str = Field("", description="SQL mirror; default: SQLite in MODEL_DIR")
    model_dir: Path = Field(Path("data"), description="Folder of backbones, features and versions")
    host: str = Field(
        "",
        description="Address the web process listens on; default: with BASIC_AUTH_USER or WEBHOOK_SECRET `0.0.0.0`, "
        "else `127.0.0.1`, so that nobody but this machine may call",
    )
    port: Annotated[int, Field(ge=0, le=65535)] = Field(9090, description="Port the web process listens on")
    basic_auth_user: str = Field("", description="User for basic authentication; set with BASIC_AUTH_PASS")
    basic_auth_pass: str = Field("", description="Password for basic authentication")
    webhook_secret: str = Field("", description="Secret that webhooks carry in the header X-Label-Loop-Secret")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level that is logged")
    log_json: bool = Field(False, description="One JSON object per log line")

    backbone: str = Field(
        "efficientnet-lite0",
        description="Network that turns an image into a feature: see docs/backbones.md for the names there are",
    )
    backbone_weights: str = Field(PRETRAINED, description="`pretrained`, or a file with weights of BACKBONE")
    backbone_resolution: Annotated[int, Field(ge=32)] | None = Field(
        None, description="Side in pixels of BACKBONE's input: smaller is faster; default: what it was made for"
    )
    backbones_shipped: Path | None = Field(
        None, description="Folder of exported backbones that came with the image: a worker copies the one that it needs"
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where the worker embeds images")
    cuda_visible_devices: str = Field(
        "", description="GPUs that training workers may use, numbers with commas; all where it is empty"
    )
    image_max_bytes: Annotated[int, Field(gt=0)] = Field(50_000_000, description="Largest image file that is read")
    image_max_pixels: Annotated[int, Field(gt=0)] = Field(100_000_000, description="Largest image that is decoded")
    image_decode_seconds: Annotated[float, Field(ge=0.1)] = Field(
        10.0, description="Most time of a core that decoding one image may take"
    )
    image_decode_megabytes: Annotated[int, Field(ge=256)] = Field(
        1_500, description="Most memory that decoding one image may take"
    )
    image_fetch_seconds: Seconds = Field(
        20.0, description="Time limit for fetching one image, from looking up its host to its last byte"
    )
    image_allow_private: str = Field(
        "",
        description="Networks that images may come from although they are not public, such as `10.0.0.0/8`, with "
        "commas; Label Studio and what its storages lead to are allowed anyway",
    )

    debounce_seconds: Seconds = Field(0.3, description="How long no event must have come before a run starts")
    min_new_annotations: Annotated[int, Field(ge=1)] = Field(1, description="Changed labels that start a training")
    imported_annotations: Literal["labels", "ground_truth"] = Field(
        "labels",
        description="What annotations that came with imported tasks are: `labels`, which give way to what people say, "
        "or `ground_truth`, which wins, and by which accuracy is measured",
    )
    foreign_predictions: Literal["use", "ignore"] = Field(
        "use",
        description="What other models' predictions are good for: pre-annotations and the queue's order until our head "
        "is better (`use`), or nothing (`ignore`)",
    )
    holdout_share: Share = Field(
        0.1,
        description="Share of tasks in the holdout, and of the queue given to it",
        validation_alias=AliasChoices("holdout_share", "arm_share"),
    )
    strategy: str = Field("auto", description="How the queue is ranked: `auto`, or a strategy of docs/ranking.md")
    near_duplicate: Likeness = Field(
        0.98, description="Images that are more alike (cosine) are asked once, the others last; 1 asks for all alike"
    )
    queue_head: Annotated[int, Field(ge=1)] = Field(
        200, description="Tasks that a version orders with care, and the most that are published with it"
    )
    queue_front: Annotated[int, Field(ge=1)] = Field(
        20, description="Tasks that people may be handed while a version is active; more than annotate at once"
    )
    open_task_seconds: Seconds = Field(
        3600.0, description="How long a task that was in front may stay open in a browser before its submit is refused"
    )
    seed: int = Field(0, description="Seed of everything random")

    finetune: Literal["never", "doubled", "scheduled"] = Field(
        "doubled",
        description="When a backbone is fine-tuned unasked, if a training worker with a GPU runs: `never`, when labels "
        "have `doubled` since the last time, or `scheduled` every FINETUNE_HOURS",
    )
    finetune_hours: Annotated[float, Field(gt=0.0)] = Field(24.0, description="Time between scheduled fine-tunings")
    finetune_labels: Annotated[int, Field(ge=1)] = Field(200, description="Labels below which none begins unasked")
    finetune_on_start_training: bool = Field(
        False, description="Let Label Studio's *Start training* begin a fine-tuning"
    )

    poll_seconds: Seconds = Field(20.0, description="How often every project is checked for events that never came")
    idle_seconds: Seconds = Field(5.0, description="Quiet time after which the rest of the queue is refreshed")
    second_stage_seconds: Seconds = Field(
        60.0, description="The served head and the figures are made when nobody labels, but at least this often"
    )
    lease_seconds: Annotated[float, Field(ge=2.0)] = Field(
        10.0, description="A run without a sign of life for so long is taken over"
    )
    embed_seconds: Seconds = Field(20.0, description="Most time a run spends on embedding before it publishes")
    predict_seconds: Seconds = Field(70.0, description="Time after which /predict answers with what it has")
    full_comparison_seconds: Seconds = Field(3600.0, description="How often all tasks are compared with the mirror")
    run_timeout_seconds: Annotated[int, Field(ge=10)] = Field(900, description="Time limit of one run")
    slice_size: Annotated[int, Field(ge=1)] = Field(100, description="Predictions added in one step while idle")
    predictions_per_task: Annotated[int, Field(ge=1)] = Field(
        5,
        description="Most predictions of ours on one task: it is given two, Label Studio may add what `/predict` says",
    )
    versions_kept: Annotated[int, Field(ge=2)] = Field(20, description="Versions of a project kept on disk")
    retention_days: Annotated[float, Field(gt=0.0, le=36_500.0)] = Field(
        30.0, description="How long files of deleted projects, what was set aside, and MLflow's local runs are kept"
    )

    tracking: bool = Field(True, description="Track fits and trainings with MLflow")
    mlflow_tracking_uri: str = Field("", description="MLflow's server or database; default: SQLite in MODEL_DIR")

    @property
    def is_guarded(self) -> bool:
        """Whether callers must show a password or a secret."""
        return bool(self.basic_auth_user or self.webhook_secret)

    @property
    def is_for_this_machine(self) -> bool:
        """Whether nobody else may call: there are no credentials, and HOST names no address that others reach."""
        return not self.is_guarded and (not self.host or is_loopback(self.host))

    @property
    def address(self) -> str:
        """Where the web process listens."""
        return self.host or ("127.0.0.1" if self.is_for_this_machine else "0.0.0.0")  # noqa: S104 - it is guarded

    @property
    def label_studio_names(self) -> tuple[str, ...]:
        """Every address that Label Studio is known by, LABEL_STUDIO_URL first."""
        more = map(str.strip, self.label_studio_other_urls.split(","))
        return (self.label_studio_url, *filter(None, [self.label_studio_host, *more]))

    @field_validator("label_studio_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError(f"is {value!r}; it must start with http:// or https://")
        try:
            host = parse_url(value).host
        except LocationParseError:
            host = None
        if not host:
            raise ValueError(f"is {value!r}, in which no host can be read")
        return value.rstrip("/")

    @field_validator("label_studio_host")
    @classmethod
    def _public_address(cls, value: str) -> str:
        # Label Studio, which shares this setting, ignores what is no address.
        return cls._address(value) if value.startswith(("http://", "https://")) else ""

    @field_validator("label_studio_other_urls")
    @classmethod
    def _addresses(cls, value: str) -> str:
        for each in filter(None, map(str.strip, value.split(","))):
            cls._address(each)
        return value

    @field_validator("image_allow_private")
    @classmethod
    def _networks(cls, value: str) -> str:
        read_networks(value)
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_address(cls, value: str) -> str:
        if not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError(f"is {value!r}; it must start with redis://, rediss:// or unix://")
        return value

    @field_validator("database_url")
    @classmethod
    def _database_address(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            # Not the value itself: it may hold a password.
            raise ValueError("must start with sqlite:/// or postgresql+psycopg://")
        return value

    @field_validator("mlflow_tracking_uri")
    @classmethod
    def _tracking_address(cls, value: str) -> str:
        if value and "://" not in value and value != "databricks":
            raise ValueError("must be an address such as http://mlflow:5000 or sqlite:////data/mlflow.sqlite3")
        return value

    @field_validator("backbone")
    @classmethod
    def _may_be_a_network(cls, value: str) -> str:
        check_name(value)
        return value

    @field_validator("backbone_weights")
    @classmethod
    def _brings_weights(cls, value: str) -> str:
        if value == "none":
            raise ValueError("must be pretrained or a file: a network without weights tells no image from another")
        return value

    @field_validator("strategy")
    @classmethod
    def _known_strategy(cls, value: str) -> str:
        if value not in NAMES:
            raise ValueError(f"is {value!r}; choose one of {', '.join(NAMES)}")
        return value

    @field_validator("model_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @property
    def networks_allowed(self) -> tuple[Network, ...]:
        """What IMAGE_ALLOW_PRIVATE names."""
        return read_networks(self.image_allow_private)

    @model_validator(mode="after")
    def _complete(self) -> "Settings":
        if bool(self.basic_auth_user) != bool(self.basic_auth_pass):
            raise ValueError("BASIC_AUTH_USER and BASIC_AUTH_PASS must be set together")
        if not self.database_url:
            self.database_url = f"sqlite:///{self.model_dir / 'mirror.sqlite3'}"
        if not self.mlflow_tracking_uri:
            self.mlflow_tracking_uri = f"sqlite:///{self.model_dir / 'mlflow.sqlite3'}"
        return self


@lru_cache
def load() -> Settings:
    """Read the settings once; end the process with one line per wrong value."""
    try:
        return Settings()
    except ValidationError as error:
        for problem in error.errors():
            name = ".".join(str(part) for part in problem["loc"]).upper()
            print(f"Setting {name}: {problem['msg']}".replace("Setting :", "Settings:"), file=sys.stderr)  # noqa: T201
        sys.exit(2)
