"""The base class of 2.x, as far as subclasses see it; values live in a dictionary instead of SQLite."""

from abc import ABC
from typing import Any

CACHE: dict[tuple[str, str], str] = {}


class LabelStudioMLBase(ABC):  # noqa: B024 - as in 2.x
    """What 2.x makes for each request."""

    INITIAL_MODEL_VERSION = "0.0.1"
    TRAIN_EVENTS = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATION_DELETED", "START_TRAINING")

    def __init__(self, project_id: str | None = None, label_config: str | None = None) -> None:
        self.project_id = project_id or ""
        if label_config is not None:
            self.set("label_config", label_config)
        if not self.get("model_version"):
            self.set("model_version", self.INITIAL_MODEL_VERSION)
        self.setup()

    def setup(self) -> None:  # noqa: B027 - as in 2.x
        """For subclasses."""

    def get(self, key: str) -> str | None:
        return CACHE.get((self.project_id, key))

    def set(self, key: str, value: str) -> None:
        assert isinstance(value, str)
        CACHE[self.project_id, key] = value

    @property
    def label_config(self) -> str | None:
        return self.get("label_config")

    def process_event(self, event: str, data: Any, job_id: str, additional_params: dict[str, Any]) -> Any:
        return self.fit(event=event, data=data, job_id=job_id, **additional_params)

    def fit(self, event: str, data: Any, **additional_params: Any) -> Any:
        raise NotImplementedError
