"""From an issuer's metadata to the address of its keys (OpenID Connect Discovery section 4, RFC 8414 section 3)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from watchword.fetch import HOSTILE, TRUSTED, FetchError, Policy
from watchword.verify.settings import KeyAddress, origin


def read_jwks_address(metadata: Mapping[str, Any], address: KeyAddress) -> tuple[str, Policy]:
    """Where the keys are, and how far that address may be trusted.

    An address under the issuer's own name is fetched where its metadata was found, since a name is not an address.
    An address under any other name was chosen by the document, not by the operator.

    Raises:
        FetchError: the document speaks for another issuer (THREATS J91), or names no address.
    """
    if metadata.get("issuer") != address.issuer:
        raise FetchError("the metadata is of another issuer")
    jwks_uri = metadata.get("jwks_uri")
    if not isinstance(jwks_uri, str) or not jwks_uri:
        raise FetchError("the issuer's metadata names no key set")
    try:
        if origin(jwks_uri) == origin(address.issuer):
            scheme, authority = origin(address.metadata_url)
            return urlsplit(jwks_uri)._replace(scheme=scheme, netloc=authority).geturl(), TRUSTED
        if origin(jwks_uri) == origin(address.metadata_url):
            return jwks_uri, TRUSTED
    except ValueError as error:
        raise FetchError("the issuer's metadata names an address that is none") from error
    return jwks_uri, HOSTILE
