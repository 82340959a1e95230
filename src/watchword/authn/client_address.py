"""Where a request comes from, as far as that can be believed."""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

UNKNOWN = "unknown"


def client_address(peer: str | None, forwarded_for: Sequence[str], *, trusted_proxies: Sequence[str]) -> str:
    """The address that sign-in attempts are counted under: IPv4, or the /64 of IPv6.

    ``X-Forwarded-For`` is read from the right, and only for as long as the one who wrote each entry is a proxy that
    the operator trusts. What cannot be read ends the walk: the last proxy's address counts then (O51).

    Args:
        peer: the other end of the connection.
        forwarded_for: the values of the header, in the order in which they came.
        trusted_proxies: addresses and networks.
    """
    here = _parse(peer or "")
    if here is None:
        return UNKNOWN
    networks = [ipaddress.ip_network(text, strict=False) for text in trusted_proxies]
    entries = [entry.strip() for value in forwarded_for for entry in value.split(",")]
    while entries and _trusted(here, networks):
        claimed = _parse(entries.pop())
        if claimed is None:
            break
        here = claimed
    return _prefix(here)


@lru_cache(maxsize=1024)
def is_trusted_proxy(peer: str, trusted_proxies: tuple[str, ...]) -> bool:
    """Whether the other end of a connection is a proxy that the operator trusts.

    Args:
        peer: its address.
        trusted_proxies: addresses and networks.
    """
    here = _parse(peer)
    return here is not None and _trusted(here, [ipaddress.ip_network(text, strict=False) for text in trusted_proxies])


def _parse(text: str) -> _Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _trusted(address: _Address, networks: Sequence[_Network]) -> bool:
    return any(address in network for network in networks)


def _prefix(address: _Address) -> str:
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.IPv6Network((address, 64), strict=False))
