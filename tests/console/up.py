"""A real `watchword up` and a real Chromium in front of it, whose complaints are kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, sync_playwright
from tests.e2e.chromium import FLAGS, chromium
from tests.e2e.installation import Installation, start
from tests.ports import block

ADMIN = {"email": "ada@example.com", "name": "Ada Lovelace", "password": "lanterns over the water"}
# Given up by a navigation, and what Chromium notes of every answer that is an error on purpose.
_USUAL = ("net::ERR_ABORTED", "the server responded with a status of 4")


@contextmanager
def running_up(directory: Path, *, offset: int, **environment: str) -> Iterator[Installation]:
    """An installation in ``directory`` on ports of this process, ``offset`` above those of other tests."""
    port = block("up") + offset
    installation = start(directory, "--port", str(port), "--demo-port", str(port + 1), environment=environment or None)
    try:
        yield installation
    finally:
        assert installation.stop() == 0, installation.output()


class Watched:
    """A page whose console messages, errors and failed requests are complaints."""

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        self.page = context.new_page()
        self.page.on("console", lambda message: self._complain(message.text))
        self.page.on("pageerror", lambda error: self._complain(str(error)))
        self.page.on("requestfailed", lambda request: self._complain(f"{request.failure} {request.url}"))

    def _complain(self, text: str) -> None:
        if not any(words in text for words in _USUAL):
            self.complaints.append(text)


@contextmanager
def browsing(*, scripts: bool = True, width: int = 1280, height: int = 900) -> Iterator[Watched]:
    """A new browser; at the end nothing may have been complained of."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        context = browser.new_context(
            java_script_enabled=scripts, viewport={"width": width, "height": height}, reduced_motion="reduce"
        )
        watched = Watched(context)
        yield watched
        browser.close()
    assert watched.complaints == [], watched.complaints


def set_up(page: Page, installation: Installation) -> None:
    """Use the set-up link, and arrive at the first screen."""
    page.goto(str(installation.ready["setup"]))
    for name, value in ADMIN.items():
        page.fill(f"#{name}", value)
    page.click("#setup-submit")
    page.wait_for_url("**/console/start")


def sign_in(page: Page, installation: Installation, path: str = "/console") -> None:
    """Come to a page of the console by way of the login page."""
    page.goto(f"{installation.issuer}{path}")
    answer_sign_in(page)
    page.wait_for_url(f"{installation.issuer}{path}")


def answer_sign_in(page: Page) -> None:
    """Fill in the login page that has come up."""
    page.fill("[name=username]", ADMIN["email"])
    page.fill("[name=password]", ADMIN["password"])
    page.click("#login-submit")
