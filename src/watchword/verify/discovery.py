"""From an issuer's metadata to its addresses (OpenID Connect Discovery section 4, RFC 8414 section 3)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from watchword.fetch import HOSTILE, TRUSTED, FetchError, Policy
from watchword.verify.key_address import KeyAddress, origin


def read_jwks_address(metadata: Mapping[str, Any], address: KeyAddress) -> tuple[str, Policy]:
    """Where the keys are, and how far that address may be trusted.

    An address under the issuer's own name is fetched where its metadata was found, since a name is not an address.
    An address under any other name was chosen by the document, not by the operator.

    Raises:
        FetchError: the document speaks for another issuer (THREATS J91), or names no address.
    """
    jwks_uri = _named(metadata, address, "jwks_uri")
    if jwks_uri is None:
        raise FetchError("the issuer's metadata names no key set")
    return _located(jwks_uri, address)


def read_introspection_endpoint(metadata: Mapping[str, Any], address: KeyAddress) -> str:
    """Where the issuer is asked about tokens, by somebody who shows their credentials.

    They are shown under the name that the operator chose, and nowhere that only the document names.

    Raises:
        FetchError: the document speaks for another issuer (THREATS J91), or names no such address.
    """
    endpoint = _named(metadata, address, "introspection_endpoint")
    if endpoint is None:
        raise FetchError("the issuer's metadata names no introspection endpoint")
    url, policy = _located(endpoint, address)
    if policy is not TRUSTED:
        raise FetchError("the introspection endpoint is not under the issuer's own name", detail=url)
    return url


def _named(metadata: Mapping[str, Any], address: KeyAddress, member: str) -> str | None:
    if metadata.get("issuer") != address.issuer:
        raise FetchError("the metadata is of another issuer")
    url = metadata.get(member)
    return url if isinstance(url, str) and url else None


def _located(url: str, address: KeyAddress) -> tuple[str, Policy]:
    try:
        if origin(url) == origin(address.issuer):
            scheme, authority = origin(address.metadata_url)
            return urlsplit(url)._replace(scheme=scheme, netloc=authority).geturl(), TRUSTED
        if origin(url) == origin(address.metadata_url):
            return url, TRUSTED
    except ValueError as error:
        raise FetchError("the issuer's metadata names an address that is none") from error
    return url, HOSTILE
