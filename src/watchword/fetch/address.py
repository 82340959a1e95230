"""Which addresses may be fetched, and how far each is trusted (THREATS J86, J87)."""

import ipaddress
from dataclasses import dataclass
from socket import SOCK_STREAM
from typing import ClassVar
from urllib.parse import SplitResult, urlsplit

import anyio

from watchword.errors import WatchwordError


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
DEFAULT_PORTS = {"https": 443, "http": 80}
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Whatever lies outside is not routed in public, though `is_global` says so: site-local, IPv4-compatible, local NAT64.
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_PROTOCOL_ASSIGNMENTS = ipaddress.IPv4Network("192.0.0.0/24")


class FetchError(WatchwordError):
    """The other side could not be reached, or did not answer as it must."""

    code: ClassVar[str] = "fetch_failed"


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


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and effective port of ``url`` (RFC 6454 section 4).

    Raises:
        ValueError: it is no URL.
    """
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme)


async def pinned_to_public_address(parts: SplitResult) -> str:
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
