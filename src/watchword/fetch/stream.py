"""An answer that does not end: read piece by piece, each within its own deadline."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import anyio
import httpx2

from watchword.fetch.address import TRUSTED, Policy, check_url
from watchword.fetch.documents import media_type
from watchword.fetch.exchange import answered_inside, pinned, refuse_compression, reported, ssl_context


class Stream:
    """What is being answered. Not for more than one task.

    Args:
        status: the HTTP status.
        headers: asked for by lower-case name.
        chunks: the pieces of the body, as they arrive.
        url: for messages.
    """

    __slots__ = ("_chunks", "_url", "headers", "status")

    def __init__(self, status: int, headers: Mapping[str, str], chunks: AsyncIterator[bytes], url: str) -> None:
        self.status = status
        self.headers = headers
        self._chunks = chunks
        self._url = url

    @property
    def media_type(self) -> str:
        """The type of the body in lower case, without parameters; empty if unsaid."""
        return media_type(self.headers)

    async def read(self, seconds: float) -> bytes:
        """The next piece, of any length; empty at the end.

        Args:
            seconds: how long to wait for it. What drips in makes pieces too: whoever waits for a whole message
                counts down.

        Raises:
            FetchError: none came in time, or the connection broke; the stream is of no use any more.
        """
        with reported(self._url), anyio.fail_after(max(seconds, 0.0)):
            return await anext(self._chunks, b"")


@asynccontextmanager
async def open_stream(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    policy: Policy = TRUSTED,
    danger_allow_http: bool = False,
) -> AsyncIterator[Stream]:
    """The answer of ``url`` as it arrives, whatever its status.

    Args:
        url: see `check_url`.
        headers: further request headers, by lower-case name.
        policy: its deadline holds until the headers of the answer are there. Nothing bounds the whole body, since it
            does not end: whoever reads bounds what is kept.
        danger_allow_http: see `check_url`.

    Raises:
        FetchError: unreachable, or too slow to begin.
    """
    check_url(url, danger_allow_http=danger_allow_http)
    sent = {"accept": "application/json", "accept-encoding": "identity", **(headers or {})}
    inside = answered_inside("GET", url, policy=policy, headers=sent, content=None)
    if inside is not None:
        yield Stream(inside.status, inside.headers, _once(inside.body), url)
        return
    # No timeout of its own: the deadlines are those of whoever waits.
    async with httpx2.AsyncClient(verify=ssl_context(), trust_env=False, timeout=None) as client:
        with reported(url), anyio.fail_after(policy.deadline):
            target, extensions = await pinned(url, sent, policy)
            request = client.build_request("GET", target, headers=sent, extensions=extensions)
            response = await client.send(request, stream=True, follow_redirects=False)
        try:
            refuse_compression(response.headers)
            yield Stream(response.status_code, response.headers, response.aiter_raw(), url)
        finally:
            with anyio.CancelScope(shield=True), anyio.move_on_after(1.0):
                await response.aclose()


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body
