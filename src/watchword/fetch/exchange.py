"""One exchange: a request, and its whole answer within the limits."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Future, thread  # noqa: F401  loaded with the first name that is looked up: see `prepare`
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from ssl import SSLContext
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import urlsplit

import anyio
import httpx2

from watchword.fetch.address import TRUSTED, FetchError, Policy, pinned_to_public_address
from watchword.fetch.in_process import InProcessRequest, answer_for
from watchword.fetch.name_lookups import event_loop
from watchword.fetch.watching import watching

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Response:
    """What was answered; ``headers`` are asked for by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def exchange(
    method: str, url: str, *, policy: Policy, headers: Mapping[str, str] | None = None, content: bytes | None = None
) -> Response:
    """The answer to one request, whatever its status.

    Raises:
        FetchError: unreachable, too long or too slow.
    """
    sent = {"accept": "application/json", "accept-encoding": "identity", **(headers or {})}
    inside = answered_inside(method, url, policy=policy, headers=sent, content=content)
    if inside is not None:
        return inside
    # Of an address that a stranger chose neither is the name noted, nor is our trace sent there.
    host = None if policy.public_only else _host(url)
    with watching(method, host) as notes, reported(url), anyio.fail_after(policy.deadline):
        if host is not None and "traceparent" in notes:
            sent["traceparent"] = str(notes["traceparent"])
        url, extensions = await pinned(url, sent, policy)
        async with (
            httpx2.AsyncClient(verify=ssl_context(), trust_env=False, timeout=policy.deadline) as client,
            client.stream(
                method, url, headers=sent, content=content, follow_redirects=False, extensions=extensions
            ) as response,
        ):
            notes["status"] = response.status_code
            refuse_compression(response.headers)
            return Response(response.status_code, response.headers, await _read(response, policy.max_bytes))


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None  # told when it is sent to


async def pinned(url: str, sent: dict[str, str], policy: Policy) -> tuple[str, dict[str, Any]]:
    """The URL to connect to, and what httpx must be told so that the certificate is still checked against the name,
    not against the address; ``sent`` gets its Host.
    """
    if not policy.public_only:
        return url, {}
    parts = urlsplit(url)
    sent["host"] = parts.netloc
    return await pinned_to_public_address(parts), {"sni_hostname": parts.hostname or ""}


@contextmanager
def reported(url: str) -> Iterator[None]:
    """Whatever goes wrong at the network is a `FetchError`."""
    try:
        yield
    except (httpx2.LocalProtocolError, ValueError) as error:
        # Neither as detail nor as cause: what could not be sent may be a secret, and these errors repeat it.
        raise FetchError("the request cannot be sent", detail=f"{url}: {type(error).__name__}") from None
    except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, OSError) as error:
        raise FetchError("the address could not be reached in time", detail=f"{url}: {error!r}") from error


def answered_inside(
    method: str, url: str, *, policy: Policy, headers: Mapping[str, str], content: bytes | None
) -> Response | None:
    """The answer of `danger_answer_in_process`; None where nobody stands in for the server.

    Raises:
        FetchError: it broke a limit, or was told not to be reachable.
    """
    answer = answer_for(url)
    if answer is None:
        return None
    if policy.public_only and urlsplit(url).scheme != "https":
        raise FetchError("the address is not one of the public internet")
    try:
        given = answer(InProcessRequest(method, url, headers, content or b""))
    except OSError as error:
        raise FetchError("the address could not be reached in time", detail=f"{url}: {error!r}") from error
    received = {name.lower(): value for name, value in given.headers.items()}
    refuse_compression(received)
    if len(given.body) > policy.max_bytes:
        raise FetchError("the answer is too long")
    return Response(given.status, received, given.body)


def refuse_compression(headers: Mapping[str, str]) -> None:
    """Raise `FetchError` for an answer that is compressed: what it unpacks to is not bounded by what was read."""
    if headers.get("content-encoding", "identity") != "identity":
        raise FetchError("the answer is compressed, which was not asked for")


async def _read(response: httpx2.Response, max_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > max_bytes:
            raise FetchError("the answer is too long")
    return bytes(body)


@lru_cache(maxsize=1)
def ssl_context() -> SSLContext:
    """Made once: reading the system's authorities takes longer than most exchanges."""
    return httpx2.create_ssl_context(trust_env=False)


@lru_cache(maxsize=1)
def prepare() -> None:
    """Load everything that fetching loads, once: by an exchange on this machine that is refused.

    A process that forks while another thread is importing leaves the child waiting for that import for ever. Whoever
    fetches in threads calls this first.
    """
    with suppress(FetchError):
        blocking(lambda: exchange("GET", "http://127.0.0.1:0/", policy=TRUSTED))


def blocking(exchange: Callable[[], Awaitable[T]]) -> T:
    """Run ``exchange`` in a thread with a loop of its own: it works inside and outside of a running event loop, and
    the deadline holds for the whole exchange, which the timeouts of a blocking socket cannot promise.

    The thread is not joined, and a name server that does not answer holds up neither its loop nor the end of the
    process (THREATS R30).
    """
    outcome: Future[T] = Future()

    async def land() -> None:
        try:
            outcome.set_result(await exchange())
        except Exception as error:  # noqa: BLE001  handed to the caller's thread, where it is raised
            outcome.set_exception(error)

    def run() -> None:
        try:
            anyio.run(land, backend_options={"loop_factory": event_loop})
        except BaseException as error:  # noqa: BLE001  the same, when there is not even a loop to be had
            if not outcome.done():
                outcome.set_exception(_nothing_left(error) if isinstance(error, OSError | RuntimeError) else error)

    try:
        Thread(target=run, name="watchword-fetch", daemon=True).start()
    except RuntimeError as error:
        raise _nothing_left(error) from error
    return outcome.result()


def _nothing_left(error: BaseException) -> FetchError:
    """No thread, or no file descriptors, left in this process."""
    return FetchError("there is nothing left to fetch with", detail=repr(error))
