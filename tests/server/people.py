"""People who stay signed in: by a browser session, by codes, and by one family of refresh tokens each."""

import asyncio
import base64
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2
from tests.issuer.browsing import action_of, hidden_of, told_to_client
from tests.server.serving import API, HOST, Installation

from watchword.oauth import pkce

REDIRECT = "https://app.example.com/callback"
PASSWORD = "correct horse battery staple"


def register(installation: Installation) -> tuple[str, str]:
    """A person, Bob, and a web application that may sign him in; its id and secret."""
    password = installation.directory / "password"
    password.write_text(PASSWORD)
    installation.command("user", "add", "bob@example.com", "--username", "bob", "--password-file", str(password))
    scopes = [word for scope in ("openid", "offline_access", "orders:read") for word in ("--scope", scope)]
    words = ("client", "add", "web", "--redirect-uri", REDIRECT, *scopes, "--default-api", API, "--json")
    made = json.loads(installation.command(*words))
    return made["client_id"], made["client_secret"]


@dataclass
class People:
    """Some browsers of one person, each of which signs in once and is never asked again.

    Args:
        base_urls: where to send requests; browsers take them in turn.
        client: id and secret of the web application.
        browsers: how many.
    """

    base_urls: list[str]
    client: tuple[str, str]
    browsers: int = 3
    rounds: int = 0
    failures: list[str] = field(default_factory=list)
    _over: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(self._live(self.base_urls[number % len(self.base_urls)]))
            for number in range(self.browsers)
        ]
        await self.more(self.browsers)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._over.set()
        await asyncio.gather(*self._tasks)

    async def more(self, rounds: int) -> None:
        """Wait until so many further rounds are over."""
        goal, deadline = self.rounds + rounds, time.monotonic() + 120
        while self.rounds < goal and not self.failures:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)

    async def _live(self, base_url: str) -> None:
        # Nothing is tried twice: whatever is not answered as it should be is a sign-in, a session or a family lost.
        try:
            async with Browser(base_url, self.client) as browser:
                family = await browser.sign_in()
                while not self._over.is_set():
                    family = await browser.refresh(family)
                    await browser.refresh(await browser.come_back())
                    self.rounds += 1
        except Exception as error:  # noqa: BLE001  every kind of failure counts
            self.failures.append(f"{time.time():.3f} {base_url} {error!r}")


class Browser:
    """A browser behind the proxy that ends TLS, and the application it uses."""

    def __init__(self, base_url: str, client: tuple[str, str]) -> None:
        headers = {"Host": HOST, "X-Forwarded-Proto": "https"}
        self._http = httpx2.AsyncClient(base_url=base_url, headers=headers, trust_env=False, timeout=30)
        self._client = client
        self._cookies: dict[str, str] = {}  # kept by hand: they are for https, which ends at the proxy

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def sign_in(self) -> str:
        """Through the login page; a refresh token."""
        answer = await self._follow(await self._authorize())
        answer = await self._follow(await self._submit(answer, username="bob", password=PASSWORD))
        if answer.status_code == 200:
            answer = await self._follow(await self._submit(answer, decision="allow"))
        return await self._redeem(answer)

    async def come_back(self) -> str:
        """Without being asked for anything, since the session lasts; the refresh token of another family."""
        return await self._redeem(await self._authorize(prompt="none"))

    async def refresh(self, refresh_token: str) -> str:
        """The successor."""
        return await self._token(grant_type="refresh_token", refresh_token=refresh_token)

    async def _authorize(self, **more: str) -> httpx2.Response:
        self._verifier = secrets.token_urlsafe(48)
        parameters = {
            "client_id": self._client[0],
            "redirect_uri": REDIRECT,
            "response_type": "code",
            "scope": "openid offline_access orders:read",
            "code_challenge": pkce.challenge_of(self._verifier),
            "code_challenge_method": "S256",
            **more,
        }
        return await self._send("GET", "/authorize", params=parameters)

    async def _follow(self, answer: httpx2.Response) -> httpx2.Response:
        """The page, or the redirect to the application."""
        while answer.status_code == 303 and not answer.headers["location"].startswith(REDIRECT):
            answer = await self._send("GET", answer.headers["location"])
        return answer

    async def _submit(self, page: httpx2.Response, **fields: str) -> httpx2.Response:
        return await self._send("POST", action_of(page), data={**hidden_of(page), **fields})

    async def _redeem(self, answer: httpx2.Response) -> str:
        told = told_to_client(answer, REDIRECT)
        return await self._token(
            grant_type="authorization_code",
            code=told["code"],
            redirect_uri=REDIRECT,
            code_verifier=self._verifier,
        )

    async def _token(self, **form: str) -> str:
        pair = base64.b64encode(":".join(self._client).encode()).decode()
        answer = await self._http.post("/token", data=form, headers={"Authorization": f"Basic {pair}"})
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        return str(answer.json()["refresh_token"])

    async def _send(self, method: str, address: str, **more: Any) -> httpx2.Response:
        path = urlsplit(address)
        target = path.path + (f"?{path.query}" if path.query else "")
        headers = {"Origin": f"https://{HOST}"} if method == "POST" else {}
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        answer = await self._http.request(method, target, headers=headers, **more)
        for line in answer.headers.get_list("set-cookie"):
            name, _, rest = line.partition("=")
            self._cookies[name] = rest.partition(";")[0]
        assert answer.status_code in {200, 303}, f"{method} {target} {answer.status_code} {answer.text[:500]}"
        return answer
