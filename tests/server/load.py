"""Clients that never rest: over kept connections they get tokens, read the documents and verify what they got."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, Self

import httpx2
from tests.server.serving import API, HOST

from watchword.jose import KeySet, jwt


@dataclass
class Load:
    """Some clients at once.

    Args:
        base_urls: where to send requests; clients take them in turn.
        client: id and secret.
        clients: how many.
    """

    base_urls: list[str]
    client: tuple[str, str]
    clients: int = 4
    answered: int = 0
    failures: list[str] = field(default_factory=list)
    lifetimes: set[int] = field(default_factory=set)
    _over: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(self._run(self.base_urls[number % len(self.base_urls)]))
            for number in range(self.clients)
        ]
        await self.more(self.clients)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._over.set()
        await asyncio.gather(*self._tasks)

    async def more(self, answers: int) -> None:
        """Wait until so many further requests have been answered."""
        goal = self.answered + answers
        deadline = time.monotonic() + 120
        while self.answered < goal and not self.failures:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)

    async def _run(self, base_url: str) -> None:
        async with httpx2.AsyncClient(base_url=base_url, headers={"Host": HOST}, trust_env=False, timeout=30) as client:
            while not self._over.is_set():
                try:
                    await self._round(client)
                except Exception as error:  # noqa: BLE001  every kind of failure counts
                    self.failures.append(f"{time.time():.3f} {base_url} {error!r}")
                    await asyncio.sleep(0.05)

    async def _round(self, client: httpx2.AsyncClient) -> None:
        document = self._good(await client.get("/.well-known/openid-configuration"))
        assert document["issuer"] == f"https://{HOST}"
        form = {"grant_type": "client_credentials", "scope": "orders:read", "resource": API}
        token = self._good(await client.post("/token", data=form, auth=self.client))["access_token"]
        keys = KeySet.from_dict(self._good(await client.get("/jwks")))
        claims = jwt.decode(token, keys, algorithms=("ES256",), typ="at+jwt").claims
        assert claims["aud"] == API
        self.lifetimes.add(claims["exp"] - claims["iat"])
        active = self._good(await client.post("/introspect", data={"token": token}, auth=self.client))
        assert active["active"] is True

    def _good(self, response: httpx2.Response) -> Any:
        assert response.status_code == 200, f"{response.status_code} {response.text}"
        self.answered += 1
        return response.json()
