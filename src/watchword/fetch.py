"""Outbound HTTP: the one guarded door to addresses the operator configured.

No redirects, no proxies or credentials from the environment, no decompression, a cap on bytes and a deadline for the
whole exchange, however slowly it drips (THREATS J86-J88, R30). https only; plain http to this machine, or
elsewhere after ``danger_allow_http=True``.

Addresses that a fetched document names on another host than the operator's are `HOSTILE`: https only, and the host
must resolve to public addresses alone, one of which is then connected to (THREATS J87).
"""

import ipaddress
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future, thread  # noqa: F401  loaded with the first name that is looked up: see `prepare`
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from socket import SOCK_STREAM
from ssl import SSLContext
from threading import Thread
from typing import Any, ClassVar, TypeVar
from urllib.parse import SplitResult, urlencode, urlsplit

import anyio
import httpx2
import msgspec

from watchword.errors import WatchwordError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Policy:
    """How far an address is trusted.

    Args:
        max_bytes: the longest body that is read.
        deadline: seconds for the whole exchange.
        public_only: refuse hosts that have any private, loopback or otherwise special address.
    """

    max_bytes: int
    deadline: float
    public_only: bool = False


TRUSTED = Policy(max_bytes=256 * 1024, deadline=5.0)
HOSTILE = Policy(max_bytes=256 * 1024, deadline=5.0, public_only=True)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Whatever lies outside is not routed in public, though `is_global` says so: site-local, IPv4-compatible, local NAT64.
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_PROTOCOL_ASSIGNMENTS = ipaddress.IPv4Network("192.0.0.0/24")
_JSON_TYPES = ("application/json", "application/jwk-set+json")


class FetchError(WatchwordError):
    """The other side could not be reached, or did not answer as it must."""

    code: ClassVar[str] = "fetch_failed"


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON object that was fetched. ``max_age``: for how many seconds its sender lets it be kept; None if unsaid."""

    value: dict[str, Any]
    max_age: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to a form: ``body`` is the JSON object, None when there was none. Its repr shows no body."""

    status: int
    body: dict[str, Any] | None = field(repr=False)


def check_url(url: str, *, danger_allow_http: bool = False) -> str:
    """``url`` itself, if it may be fetched.

    Args:
        url: absolute, without user name and fragment.
        danger_allow_http: allow plain http to other machines too: for a network that nobody else can enter.

    Raises:
        FetchError: it may not.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port_is_sound = parts.port is None or parts.port > 0
    except ValueError as error:
        raise FetchError("the address is not a URL") from error
    if not host or not port_is_sound or parts.username is not None or parts.fragment:
        raise FetchError("the address is not a plain URL with a host")
    if parts.scheme == "https" or (parts.scheme == "http" and (danger_allow_http or is_loopback(host))):
        return url
    raise FetchError("the address is not https, and plain http is only for this machine")


def is_loopback(host: str) -> bool:
    """Whether ``host`` can only mean this machine: ``localhost`` or an address of the loopback ranges."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def aget_json(url: str, *, policy: Policy = TRUSTED, danger_allow_http: bool = False) -> Document:
    """The JSON object at ``url``.

    Args:
        url: see `check_url`.
        policy: the limits.
        danger_allow_http: see `check_url`.

    Raises:
        FetchError: unreachable, not 200, not a JSON object, too long or too slow.
    """
    check_url(url, danger_allow_http=danger_allow_http)
    response = await _exchange("GET", url, policy=policy)
    if response.status != 200:
        raise FetchError("the answer's status is not 200", detail=f"{url} answered {response.status}")
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _JSON_TYPES:
        raise FetchError("the answer is not JSON", detail=f"{url} answered with {media_type}")
    body = _json_object(response.body)
    if body is None:
        raise FetchError("the answer is not a JSON object", detail=url)
    return Document(body, _max_age(response.headers.get("cache-control", "")))


async def apost_form(
    url: str,
    fields: Sequence[tuple[str, str]],
    *,
    headers: Mapping[str, str] | None = None,
    policy: Policy = TRUSTED,
    danger_allow_http: bool = False,
) -> Answer:
    """What ``url`` answers to a form.

    Args:
        url: see `check_url`.
        fields: names and values, in order.
        headers: further request headers, for example the client's authentication.
        policy: the limits.
        danger_allow_http: see `check_url`.

    Raises:
        FetchError: unreachable, too long or too slow. Any status is an answer.
    """
    check_url(url, danger_allow_http=danger_allow_http)
    sent = {**(headers or {}), "content-type": "application/x-www-form-urlencoded"}
    response = await _exchange("POST", url, policy=policy, headers=sent, content=_form(fields))
    return Answer(response.status, _json_object(response.body))


def _form(fields: Sequence[tuple[str, str]]) -> bytes:
    try:
        return urlencode(fields).encode("ascii")
    except UnicodeEncodeError:
        raise FetchError("the form holds text that is not Unicode") from None  # the codec's error carries the field


def get_json(url: str, *, policy: Policy = TRUSTED, danger_allow_http: bool = False) -> Document:
    """`aget_json`, blocking."""
    return _blocking(lambda: aget_json(url, policy=policy, danger_allow_http=danger_allow_http))


def post_form(
    url: str,
    fields: Sequence[tuple[str, str]],
    *,
    headers: Mapping[str, str] | None = None,
    policy: Policy = TRUSTED,
    danger_allow_http: bool = False,
) -> Answer:
    """`apost_form`, blocking."""
    return _blocking(
        lambda: apost_form(url, fields, headers=headers, policy=policy, danger_allow_http=danger_allow_http)
    )


@lru_cache(maxsize=1)
def prepare() -> None:
    """Load everything that fetching loads, once: by an exchange on this machine that is refused.

    A process that forks while another thread is importing leaves the child waiting for that import for ever. Whoever
    fetches in threads calls this first.
    """
    with suppress(FetchError):
        _blocking(lambda: _exchange("GET", "http://127.0.0.1:0/", policy=TRUSTED))


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    headers: Mapping[str, str]
    body: bytes


async def _exchange(
    method: str, url: str, *, policy: Policy, headers: Mapping[str, str] | None = None, content: bytes | None = None
) -> _Response:
    sent = {"accept": "application/json", "accept-encoding": "identity", **(headers or {})}
    extensions = {}
    try:
        with anyio.fail_after(policy.deadline):
            if policy.public_only:
                parts = urlsplit(url)
                # The certificate is still checked against the name, not against the address.
                extensions = {"sni_hostname": parts.hostname or ""}
                sent["host"] = parts.netloc
                url = await _pinned_to_public_address(parts)
            async with (
                httpx2.AsyncClient(verify=_ssl_context(), trust_env=False, timeout=policy.deadline) as client,
                client.stream(
                    method, url, headers=sent, content=content, follow_redirects=False, extensions=extensions
                ) as response,
            ):
                return _Response(response.status_code, response.headers, await _read(response, policy.max_bytes))
    except (httpx2.LocalProtocolError, ValueError) as error:
        # Neither as detail nor as cause: what could not be sent may be a secret, and these errors repeat it.
        raise FetchError("the request cannot be sent", detail=f"{url}: {type(error).__name__}") from None
    except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, OSError) as error:
        raise FetchError("the address could not be reached in time", detail=f"{url}: {error!r}") from error


async def _pinned_to_public_address(parts: SplitResult) -> str:
    """The URL with its host replaced by the address it was resolved to: asked once, so that a second answer of the
    name server cannot differ.
    """
    port = parts.port or 443
    found = await anyio.getaddrinfo(parts.hostname, port, type=SOCK_STREAM)
    addresses = [ipaddress.ip_address(entry[4][0]) for entry in found]
    if parts.scheme != "https" or not addresses or not all(is_public(address) for address in addresses):
        raise FetchError("the address is not one of the public internet")
    address = addresses[0]
    host = f"[{address}]" if address.version == 6 else str(address)
    return parts._replace(netloc=f"{host}:{port}").geturl()


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether ``address`` belongs to the public internet, also where it wraps an IPv4 address (6to4, NAT64)."""
    if not address.is_global or address.is_multicast:
        return False
    if address.version == 6:
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        inner = address.sixtofour
        return address in _GLOBAL_UNICAST and (inner is None or is_public(inner))
    return address not in _PROTOCOL_ASSIGNMENTS


async def _read(response: httpx2.Response, max_bytes: int) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise FetchError("the answer is compressed, which was not asked for")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > max_bytes:
            raise FetchError("the answer is too long")
    return bytes(body)


@lru_cache(maxsize=1)
def _ssl_context() -> SSLContext:
    """Made once: reading the system's authorities takes longer than most exchanges."""
    return httpx2.create_ssl_context(trust_env=False)


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _max_age(cache_control: str) -> float | None:
    """The freshness that ``Cache-Control`` grants (RFC 9111 section 5.2.2); 0 when it forbids keeping."""
    directives = [directive.strip().partition("=") for directive in cache_control.lower().split(",")]
    if any(name in {"no-store", "no-cache"} for name, _, _ in directives):
        return 0.0
    for name, _, value in directives:
        if name == "max-age" and value.isascii() and value.isdigit() and len(value) < 10:
            return float(value)
    return None


def _blocking(exchange: Callable[[], Awaitable[T]]) -> T:
    """Run ``exchange`` in a thread with a loop of its own: it works inside and outside of a running event loop, and
    the deadline holds for the whole exchange, which the timeouts of a blocking socket cannot promise.

    The thread is not joined: closing its loop waits for a name server that does not answer (THREATS R30).
    """
    outcome: Future[T] = Future()

    async def land() -> None:
        try:
            outcome.set_result(await exchange())
        except Exception as error:  # noqa: BLE001  handed to the caller's thread, where it is raised
            outcome.set_exception(error)

    def run() -> None:
        try:
            anyio.run(land)
        except BaseException as error:  # noqa: BLE001  the same, when there is not even a loop to be had
            if not outcome.done():
                outcome.set_exception(error)

    try:
        Thread(target=run, name="watchword-fetch", daemon=True).start()
        return outcome.result()
    except (OSError, RuntimeError) as error:  # no thread, or no file descriptors, left in this process
        raise FetchError("there is nothing left to fetch with", detail=repr(error)) from error
