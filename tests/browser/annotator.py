"""Somebody who labels in a browser; every wait is for something on the page, or for an answer that it gets."""

from contextlib import suppress
from pathlib import Path

from playwright.sync_api import Page, Request, Response, TimeoutError, expect

from scripts.stack.accounts import User

CLICKS = 5
HEARD_MS = 5_000


class BrowserAnnotator:
    """Label Studio's pages as one user sees them."""

    def __init__(self, page: Page, url: str) -> None:
        self._page = page
        self._url = url
        self._task = page.locator(".lsf-current-task__task-id")

    def log_in(self, user: User) -> None:
        """Log in through the form."""
        self._page.goto(f"{self._url}/user/login/")
        self._page.locator("[name=email]").fill(user.email)
        self._page.locator("[name=password]").fill(user.password)
        self._page.get_by_role("button", name="Log in").click()
        self._page.wait_for_url(lambda url: "/user/login" not in url)

    def label_all_tasks(self, project: int) -> int:
        """Open the Data Manager and press *Label All Tasks*; the task that is shown."""
        self._page.goto(f"{self._url}/projects/{project}/data")
        with self._page.expect_response(_hands_out_a_task) as handed:
            self._page.get_by_role("button", name="Label All Tasks").click()
        return self._shows(handed.value)

    def choose(self, choice: str) -> None:
        """Tick a choice, if it is not ticked already."""
        self._page.locator(f'.lsf-choice input[name="{choice}"]').check()

    def submit(self) -> int:
        """Press *Submit*; the task that is shown next."""
        with self._page.expect_response(_hands_out_a_task) as handed:
            self._press_submit()
        return self._shows(handed.value)

    def chosen(self) -> list[str]:
        """The choices that are ticked."""
        ticked = self._page.locator(".lsf-choice input:checked").all()
        return [str(each.get_attribute("name")) for each in ticked]

    def image_size(self) -> tuple[int, int]:
        """Width and height in pixels of the image that is shown, as it was decoded."""
        width, height = self._page.locator(".lsf-image img").evaluate(
            "image => [image.naturalWidth, image.naturalHeight]"
        )
        return int(width), int(height)

    def look(self, path: Path) -> None:
        """Keep a picture of what the window shows."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._page.screenshot(path=path)

    def _press_submit(self) -> None:
        """Press until the page sends an annotation: while it still draws itself it may hear nothing."""
        for _ in range(CLICKS):
            with suppress(TimeoutError), self._page.expect_request(_is_an_annotation, timeout=HEARD_MS):
                self._page.get_by_test_id("bottombar-submit-button").click()
                return

    def _shows(self, handed: Response) -> int:
        """Wait until the page shows the task that Label Studio handed out, with its image and choices."""
        task = int(handed.json()["id"])
        expect(self._task).to_contain_text(str(task))
        image = self._page.locator(".lsf-image img")
        expect(image).to_be_visible()
        self._page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=image.element_handle())
        expect(self._page.get_by_test_id("bottombar-submit-button")).to_be_enabled()
        return task


def _is_an_annotation(request: Request) -> bool:
    return request.method == "POST" and "/annotations" in request.url


def _hands_out_a_task(response: Response) -> bool:
    return response.request.method == "POST" and "/api/dm/actions" in response.url and "id=next_task" in response.url
