"""A page in a real Chromium opens a guarded WebSocket: a browser can send a token among the subprotocols only."""

from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Security, WebSocket
from fastapi.responses import HTMLResponse
from playwright.sync_api import Page, sync_playwright
from tests.e2e.chromium import FLAGS
from tests.e2e.chromium import chromium as chromium_path
from tests.frameworks.protected_api import protected
from tests.frameworks.running import asgi_server
from tests.frameworks.tokens import token

from watchword.clock import SettableClock
from watchword.fastapi import Guard
from watchword.verify import VerifiedClaims

pytestmark = [pytest.mark.slow, pytest.mark.browser]

# What the page sees of one connection: the subprotocol it was opened with, messages, and how it was closed.
OPEN = """([path, token, beside]) => new Promise((resolve) => {
  const seen = { opened: null, messages: [] };
  const offered = token === null ? [] : [...beside, "watchword.bearer." + token];
  const socket = new WebSocket("ws://" + location.host + path, offered);
  socket.onopen = () => { seen.opened = socket.protocol; };
  socket.onmessage = ({ data }) => { seen.messages.push(data); };
  socket.onclose = ({ code, reason }) => resolve({ ...seen, code, reason });
})"""


def live_api(clock: SettableClock) -> FastAPI:
    """A page, and a route that says whose connection it is and then waits."""
    guard = Guard(every=0.01, **protected(clock))
    app = FastAPI()

    @app.get("/")
    async def page() -> HTMLResponse:
        return HTMLResponse("<title>orders</title>")

    @app.websocket("/live")
    async def live(
        websocket: WebSocket, caller: Annotated[VerifiedClaims, Security(guard, scopes=["orders:read"])]
    ) -> None:
        await websocket.accept()
        await websocket.send_text(caller.sub)
        clock.advance(300)
        async for _ in websocket.iter_text():
            raise AssertionError

    return app


@pytest.fixture
def page(clock: SettableClock) -> Iterator[Page]:
    with asgi_server(live_api(clock)) as running, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        page = browser.new_page()
        page.goto(f"http://{running}/")
        yield page
        browser.close()


def opened(page: Page, text: str | None, *beside: str, path: str = "/live") -> Any:
    return page.evaluate(OPEN, [path, text, beside])


def test_a_page_opens_a_connection_which_ends_with_the_token(page: Page) -> None:
    seen = opened(page, token(), "watchword")
    assert seen == {"opened": "watchword", "messages": ["user-1"], "code": 1008, "reason": "the token has expired"}


def test_a_page_without_a_good_token_is_not_let_in(page: Page) -> None:
    good, query = token(), "/live?access_token=" + token()
    refused: Any = {"opened": None, "messages": [], "code": 1006, "reason": ""}
    assert opened(page, None) == refused
    assert opened(page, None, path=query) == refused
    assert opened(page, good, "watchword", path=query) == refused
    assert opened(page, token(scope="other"), "watchword") == refused
    # Nothing could be selected but the token.
    assert opened(page, good) == refused
