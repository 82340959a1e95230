"""Both HTTP libraries, blocking and asyncio, behind one call: what a test says once holds for all four."""

import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

import anyio
import httpx
import httpx2

import watchword.client.httpx as for_httpx
import watchword.client.httpx2 as for_httpx2

# Made once: reading the system's authorities takes longer than most calls.
_SSL = ssl.create_default_context()


@dataclass(frozen=True)
class Library:
    """One HTTP library in one of its two ways."""

    name: str
    module: Any
    auth: Any
    is_async: bool

    def client_credentials(self, **options: Any) -> Any:
        return self.auth.ClientCredentials(**options)

    def refreshing_tokens(self, *arguments: Any, **options: Any) -> Any:
        return self.auth.RefreshingTokens(*arguments, **options)

    def call(
        self, auth: Any, method: str, url: str, *, follow: bool = False, hook: bool = False, **request: Any
    ) -> Any:
        """The response to one request, whichever way it is sent.

        Args:
            auth: for this request.
            method: of it.
            url: of it.
            follow: redirects.
            hook: with the client's hook for proofs.
            request: what else the library's ``request`` takes.
        """
        options: dict[str, Any] = {"verify": _SSL, "trust_env": False, "follow_redirects": follow}
        if hook:
            options["event_hooks"] = {"request": [self.auth.arenew_proof if self.is_async else self.auth.renew_proof]}
        if not self.is_async:
            with self.module.Client(**options) as client:
                return client.request(method, url, auth=auth, **request)
        return anyio.run(lambda: self._acall(options, auth, method, url, request))

    async def _acall(self, options: dict[str, Any], auth: Any, method: str, url: str, request: dict[str, Any]) -> Any:
        async with self.module.AsyncClient(**options) as client:
            return await client.request(method, url, auth=auth, **request)

    def stream_of(self, *parts: bytes) -> Any:
        """A body that can be sent once."""
        return _aiterate(parts) if self.is_async else _iterate(parts)


def _iterate(parts: tuple[bytes, ...]) -> Iterator[bytes]:
    yield from parts


async def _aiterate(parts: tuple[bytes, ...]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


LIBRARIES = (
    Library("httpx2", httpx2, for_httpx2, is_async=False),
    Library("httpx2-async", httpx2, for_httpx2, is_async=True),
    Library("httpx", httpx, for_httpx, is_async=False),
    Library("httpx-async", httpx, for_httpx, is_async=True),
)


def run_all(*work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run every one of ``work`` at once, in an event loop of their own."""

    async def together() -> None:
        async with anyio.create_task_group() as group:
            for each in work:
                group.start_soon(each)

    anyio.run(together)
