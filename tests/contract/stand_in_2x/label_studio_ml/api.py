"""The server of 2.x, as far as its application is reached."""

from flask import Flask

_server = Flask(__name__)


@_server.get("/health")
def health() -> dict[str, str]:
    return {"status": "UP", "model_class": "LabelStudioMLBase"}
