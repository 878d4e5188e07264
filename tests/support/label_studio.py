"""A real Label Studio that runs for the tests, and the people who work in it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from scripts.cli.connection.api import LabelStudioApi
from scripts.stack.accounts import User, sign_up
from scripts.stack.image_project import label_config
from scripts.stack.label_studio import LabelStudioServer
from scripts.stack.processes import LocalProcess
from tests.support.project import LabelledProject


@dataclass
class RunningLabelStudio:
    """A Label Studio that runs; its first user owns everything that `api` makes.

    Other tests have projects, users and tokens of their own in it: a test looks at its own only.
    """

    server: LabelStudioServer

    @property
    def url(self) -> str:
        """Address without a trailing slash."""
        return self.server.url

    @property
    def token(self) -> str:
        """Legacy token of the owner."""
        return self.server.token

    @property
    def owner(self) -> User:
        """The first user."""
        return User(self.server.username, self.server.password, self.server.token)

    @property
    def documents(self) -> Path:
        """Root of the images that it serves from disk."""
        return self.server.documents

    @cached_property
    def api(self) -> LabelStudioApi:
        """Its API, as the owner."""
        return LabelStudioApi(self.url, self.token)

    def make_project(
        self, classes: Sequence[str] = ("circle", "square"), per_class: int = 6, *, config: str | None = None
    ) -> LabelledProject:
        """A project with `per_class` pictures of each class as tasks, whose true classes are known.

        Args:
            classes: choices, in this order; the picture of a class depends on its name alone for the known shapes.
            per_class: tasks of each class; 0 for an empty project.
            config: the label config; one single choice of the classes where it is None.
        """
        body = {"title": f"test {uuid.uuid4().hex}", "label_config": config or label_config(list(classes))}
        number = int(self.api.send_object("POST", "/api/projects/", body)["id"])
        project = LabelledProject(self.api, self.token, self.documents, number, tuple(classes), self.server.database)
        project.add_storage()
        if per_class:
            project.add_tasks([name for _ in range(per_class) for name in classes])
        return project

    def add_user(self) -> User:
        """Sign up another user of the same organisation, by its invitation."""
        return sign_up(self.api, self.url)

    def personal_token(self, user: User) -> str:
        """A new personal access token of a user who has none."""
        return str(LabelStudioApi(self.url, user.token).send_object("POST", "/api/token/", {})["token"])


@dataclass
class KillableLabelStudio(RunningLabelStudio):
    """A Label Studio of one test module's own, which may be killed and started again."""

    process: LocalProcess = field(kw_only=True)
