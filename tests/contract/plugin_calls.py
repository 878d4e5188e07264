"""What either shape of label-studio-ml calls; prints the answers as JSON. test_plugin.py runs it in its own process:
the plugin watches Redis and Label Studio until its process ends, and 1.0.9 loads PyTorch.
"""

import json
import sys
from typing import Any

from label_studio_ml.api import _server

from backend.plugin import LabelLoop


def old_shape(asked: dict[str, Any]) -> dict[str, Any]:
    """As 1.0.9's manager and its training job do."""
    model = LabelLoop(
        label_config=asked["label_config"], train_output=None, hostname="http://elsewhere", access_token="x"
    )
    event = {
        "event": "ANNOTATION_CREATED",
        "data": asked["event"],
        "job_id": "1",
        "additional_params": {"workdir": "w"},
    }
    predictions = model.predict(asked["tasks"], login=None)
    return {"predictions": predictions, "fit": model.process_event(**event), "model_version": setup(asked)}


def setup(asked: dict[str, Any]) -> str:
    """What the package's server names; 1.0.9's model has no say in it."""
    body = {"project": asked["project"], "schema": asked["label_config"]}
    return str(_server.test_client().post("/setup", json=body).get_json()["model_version"])


def new_shape(asked: dict[str, Any]) -> dict[str, Any]:
    """As the routes of 2.x do."""
    model = LabelLoop(project_id=asked["project"], label_config=asked["label_config"])
    predictions = model.predict(asked["tasks"], context={}, login=None)
    fitted = LabelLoop(asked["project"], label_config=asked["label_config"]).fit("ANNOTATION_CREATED", asked["event"])
    return {"predictions": predictions, "fit": fitted, "model_version": model.get("model_version")}


SHAPES = {"1.0.9": old_shape, "2.x": new_shape}

if __name__ == "__main__":
    answers = SHAPES[sys.argv[1]](json.load(sys.stdin))
    answers["versions"] = _server.test_client().get("/versions").json
    json.dump(answers, sys.stdout)
