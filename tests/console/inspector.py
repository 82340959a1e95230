"""The inspector in a real Chromium, and tokens to show it."""

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from playwright.async_api import BrowserContext, Page, Request, async_playwright
from tests.console.running import Console
from tests.e2e.chromium import FLAGS, chromium

from watchword.admin.apis import add_api
from watchword.admin.clients import ClientRequest, add_client
from watchword.store.repositories.apis import Scope

NOW = 1_790_000_000
API = "https://api.example.com"
GOOD = {
    "iss": "https://auth.example.com",
    "aud": API,
    "sub": "u-1",
    "client_id": "web",
    "jti": "t-1",
    "iat": NOW - 60,
    "exp": NOW + 240,
}
HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": "k-1"}


def segment(content: Any) -> str:
    """base64url of bytes, of a text, or of JSON."""
    if not isinstance(content, bytes | str):
        content = json.dumps(content)
    raw = content if isinstance(content, bytes) else content.encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def token(header: Any = HEADER, claims: Any = GOOD, signature: bytes = bytes(range(64))) -> str:
    """A token that nobody signed: the inspector reads what is there."""
    return ".".join(map(segment, (header, claims, signature)))


async def issued(console: Console) -> str:
    """An access token that the issuer's own endpoint gave to a client of its own."""
    await console.desk.keys.start()
    await add_api(console.desk, identifier=API, name="Orders", scopes=[Scope("orders:read", "See orders")])
    request = ClientRequest(name="Batch", api_scopes={API: ["orders:read"]})
    client, secret = await add_client(console.desk, request)
    assert secret is not None
    form = {"grant_type": "client_credentials", "resource": API}
    answer = await console.browser.post("/token", data=form, auth=(client.id, secret))
    return str(answer.json()["access_token"])


@dataclass
class Watched:
    """A page, and everything it asked for or complained about."""

    page: Page
    context: BrowserContext
    origin: str
    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def sent(self) -> list[str]:
        """Address, headers and body of every request."""
        return [
            f"{request.method} {request.url} {request.headers} {request.post_data or ''}" for request in self.requests
        ]


@asynccontextmanager
async def opened(console: Console, listener: socket.socket, **options: Any) -> AsyncIterator[Watched]:
    """An administrator's browser, signed in; options are those of Playwright's contexts."""
    origin = f"http://localhost:{listener.getsockname()[1]}"
    config = uvicorn.Config(console.application, log_level="debug", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await console.sign_in()
    cookies: list[Any] = [
        {"name": c.name, "value": c.value or "", "url": origin, "httpOnly": True} for c in console.browser.cookies.jar
    ]
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            context = await browser.new_context(**{"locale": "en-GB", "timezone_id": "Europe/Paris", **options})
            await context.add_cookies(cookies)
            page = await context.new_page()
            watched = Watched(page, context, origin)
            page.on("request", lambda request: watched.requests.append(request))  # noqa: PLW0108  Playwright marks what it calls
            page.on("console", lambda message: watched.complaints.append(message.text))
            page.on("pageerror", lambda error: watched.complaints.append(str(error)))
            page.on("requestfailed", lambda request: watched.complaints.append(request.url))
            yield watched
            await browser.close()
    finally:
        server.should_exit = True
        await serving
