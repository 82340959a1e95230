"""One HTTP exchange with a service on this machine, told in full: for people who want to see what goes over the wire.

Nothing here judges an answer; whatever it is, it is told as it came.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx2

from watchword.client.api_call import system_authorities
from watchword.client.errors import ClientError
from watchword.clock import Clock
from watchword.fetch import is_loopback

_MAX_BYTES = 256 * 1024
_TIMEOUT_SECONDS = 10.0
# What every request and answer carries, and nobody asked about.
_UNTOLD = frozenset({"accept-encoding", "connection", "content-length", "date", "user-agent", "transfer-encoding"})


class NoAnswerError(ClientError):
    """The service did not answer, or answered with more than can be told."""

    code = "no_answer"


class NotOnThisMachineError(ClientError):
    """The address does not lead to this machine."""

    code = "not_on_this_machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and its answer, as they were. Its repr shows neither headers nor bodies.

    Args:
        method: ``GET``, ``POST`` …
        url: the whole address.
        request_headers: what was sent, by lower-case name, in its order.
        request_body: the same.
        status: of the answer.
        reason: its words.
        response_headers: what came back.
        response_body: the same, decoded as UTF-8.
        seconds: from the first byte sent to the last one received.
    """

    method: str
    url: str = field(repr=False)
    request_headers: tuple[tuple[str, str], ...] = field(repr=False, default=())
    request_body: str = field(repr=False, default="")
    status: int
    reason: str
    response_headers: tuple[tuple[str, str], ...] = field(repr=False, default=())
    response_body: str = field(repr=False, default="")
    seconds: float = 0.0

    def header(self, name: str) -> str | None:
        """The first header of that lower-case name in the answer."""
        return next((value for known, value in self.response_headers if known == name), None)


async def aexchange(
    method: str,
    url: str,
    *,
    clock: Clock,
    headers: Mapping[str, str] | None = None,
    form: Sequence[tuple[str, str]] | None = None,
    seconds: float = _TIMEOUT_SECONDS,
) -> Exchange:
    """Send one request and tell everything. Redirects are not followed, the environment's proxies not used.

    Args:
        method: ``GET``, ``POST`` …
        url: absolute, http or https, to a loopback host.
        clock: measures the exchange.
        headers: to send, by lower-case name.
        form: fields of a form body.
        seconds: to wait for the whole answer.

    Raises:
        NotOnThisMachineError: the host of ``url`` is not this machine, or it is no URL.
        NoAnswerError: nobody answered in time, or with more than 256 KiB.
    """
    address = _on_this_machine(url)
    body = urlencode(list(form)) if form is not None else ""
    sent = dict(headers or {})
    if form is not None:
        sent["content-type"] = "application/x-www-form-urlencoded"
    began = clock.monotonic()
    try:
        async with (
            asyncio.timeout(seconds),
            httpx2.AsyncClient(verify=system_authorities(), timeout=seconds, trust_env=False) as http,
            http.stream(method, address, headers=sent, content=body.encode(), follow_redirects=False) as response,
        ):
            content = await _capped(response)
            return Exchange(
                method=method,
                url=url,
                request_headers=_told(response.request.headers.multi_items()),
                request_body=body,
                status=response.status_code,
                reason=response.reason_phrase,
                response_headers=_told(response.headers.multi_items()),
                response_body=content.decode("utf-8", "replace"),
                seconds=clock.monotonic() - began,
            )
    except (httpx2.HTTPError, TimeoutError) as error:
        raise NoAnswerError("nobody answered there") from error


def _on_this_machine(url: str) -> httpx2.URL:
    """``url`` as it will be asked: what is checked is what the client has read in it, and not another reader."""
    try:
        address = httpx2.URL(url)
        port = address.port
    except (httpx2.InvalidURL, ValueError) as error:
        raise NotOnThisMachineError("that is no address of a service on this machine") from error
    if address.scheme not in {"http", "https"} or not is_loopback(address.host):
        raise NotOnThisMachineError("only services on this machine are asked")
    if port is not None and not 0 < port < 65_536:
        raise NotOnThisMachineError("that is no address of a service on this machine")
    return address


def _told(headers: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name.lower(), value) for name, value in headers if name.lower() not in _UNTOLD)


async def _capped(response: httpx2.Response) -> bytes:
    chunks, size = [], 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > _MAX_BYTES:
            raise NoAnswerError("the answer is longer than 256 KiB")
        chunks.append(chunk)
    return b"".join(chunks)
