"""More people in a Label Studio on this machine, signed up as Label Studio has it: by an invitation."""

import re
from dataclasses import dataclass
from uuid import uuid4

from scripts.cli.connection.api import LabelStudioApi
from scripts.stack.errors import StackError
from scripts.stack.http import local_session

PASSWORD = "a long enough password"  # noqa: S105 - of people who live as long as a server of ours
TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True)
class User:
    """Somebody with an account: e-mail address, password and legacy token."""

    email: str
    password: str
    token: str


def sign_up(api: LabelStudioApi, url: str) -> User:
    """Make a user of the same organisation.

    Args:
        api: of somebody who may invite.
        url: of Label Studio, without a trailing slash.

    Raises:
        StackError: Label Studio's page is not the one that is known.
    """
    invitation = str(api.get_object("/api/invite")["invite_url"])
    email = f"user-{uuid4().hex}@example.com"
    with local_session() as browser:
        page = browser.get(url + invitation[invitation.index("/user/") :], timeout=TIMEOUT_SECONDS)
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        if found is None:
            raise StackError("Label Studio's sign-up page has no CSRF token: has it changed?")
        form = {"csrfmiddlewaretoken": found[1], "email": email, "password": PASSWORD, "allow_newsletters": "false"}
        browser.post(page.url, data=form, headers={"Referer": page.url}, timeout=TIMEOUT_SECONDS).raise_for_status()
        token = browser.get(f"{url}/api/current-user/token", timeout=TIMEOUT_SECONDS)
        token.raise_for_status()
    return User(email, PASSWORD, str(token.json()["token"]))
