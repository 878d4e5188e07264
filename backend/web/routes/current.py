"""What a request is about: the service that answers it, and the project that its path names."""

from typing import cast

from flask import Flask, current_app
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter, ValidationError

from backend.project import is_id
from backend.services import ProjectContext, Services
from backend.store.records.mirror import MirroredProject
from backend.web.service import WebService

_EXTENSION = "label_loop"


class ProjectConverter(BaseConverter):
    """A project's number in a path; where it can be none, there is no such path."""

    regex = r"[0-9]{1,10}"

    def to_python(self, value: str) -> int:
        """The number."""
        number = int(value)
        if not is_id(number):
            raise ValidationError
        return number


def bind(app: Flask, service: WebService) -> None:
    """Have an application's requests answered by a service."""
    app.extensions[_EXTENSION] = service


def service() -> WebService:
    """The service that answers the current request."""
    return cast(WebService, current_app.extensions[_EXTENSION])


def services() -> Services:
    """The outside world of that service."""
    return service().services


def context(number: int) -> ProjectContext:
    """The project of that number, and all services.

    Raises:
        NotFound: this backend never pulled it.
    """
    return ProjectContext(project(number).project, services())


def project(number: int) -> MirroredProject:
    """The project of that number.

    Raises:
        NotFound: this backend never pulled it.
    """
    mirrored = services().mirror.project(services().project(number))
    if mirrored is None:
        raise NotFound(f"This backend knows no project {number}: connect it with ./scripts/connect first.")
    return mirrored
