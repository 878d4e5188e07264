"""What keeps images from being used is told by `/health` and by `connect --check`, on a real Label Studio."""

import base64
from collections.abc import Callable

import pytest

from scripts.cli.connection.checks import everything
from scripts.cli.connection.findings import Level
from tests.support.project import LabelledProject
from tests.support.stack import RunningStack
from tests.support.waiting import until

SVG = "data:image/svg+xml;base64," + base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg'/>").decode()
DEAD = "http://nowhere.invalid/1.png"


@pytest.mark.fault("R6")
def test_an_svg_and_a_dead_address_are_told_by_health_and_by_the_check(
    stack: RunningStack, make_project: Callable[..., LabelledProject]
) -> None:
    project = make_project()
    project.add_addresses([SVG, DEAD])
    project.attach(stack)

    def told() -> str:
        lines = [line for line in stack.health()["problems"] if line.startswith(f"Project {project.id}: ")]
        return next((line for line in lines if "2 of 14 images can't be used" in line), "")

    line = until(told, "the line", more=stack.log_tail)
    assert "[image-unreadable]" in line
    assert "-host]" in line or "[names-away]" in line
    findings = everything(project.api, project.id, stack.address)
    errors = "\n".join(finding.what for finding in findings if finding.level is Level.ERROR)
    assert "2 of 14 images can't be used" in errors
    assert "data:image/svg+xml" in errors
    assert "http://nowhere.invalid" in errors
