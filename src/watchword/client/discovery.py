"""What an issuer says about itself, believed only if it speaks in its own name.

https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationValidation
https://www.rfc-editor.org/rfc/rfc8414#section-3.3
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from watchword.client.errors import DiscoveryError
from watchword.client.transport import aget_document, get_document
from watchword.fetch import FetchError, check_url
from watchword.oauth.metadata import openid_configuration_url


@dataclass(frozen=True, slots=True)
class IssuerMetadata:
    """The addresses of one issuer. ``states_issuer``: every authorization response carries ``iss`` (RFC 9207)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    revocation_endpoint: str | None = None
    end_session_endpoint: str | None = None
    states_issuer: bool = False
    danger_allow_http: bool = False


def read_metadata(
    document: Mapping[str, Any], *, expected_issuer: str, danger_allow_http: bool = False
) -> IssuerMetadata:
    """The metadata in ``document``, if it is that of ``expected_issuer``.

    Args:
        document: the discovery document, parsed.
        expected_issuer: the issuer that was asked; compared byte for byte, as a mix-up begins with a near miss.
        danger_allow_http: accept plain http addresses that are not loopback; for a closed container network.

    Raises:
        DiscoveryError: another issuer, a missing endpoint, an address that is not https.
    """
    if document.get("issuer") != expected_issuer:
        raise DiscoveryError("the metadata names another issuer than the one that was asked")
    address = _Addresses(document, danger_allow_http=danger_allow_http)
    return IssuerMetadata(
        issuer=expected_issuer,
        authorization_endpoint=address.required("authorization_endpoint"),
        token_endpoint=address.required("token_endpoint"),
        jwks_uri=address.required("jwks_uri"),
        revocation_endpoint=address.optional("revocation_endpoint"),
        end_session_endpoint=address.optional("end_session_endpoint"),
        states_issuer=document.get("authorization_response_iss_parameter_supported") is True,
        danger_allow_http=danger_allow_http,
    )


def discover(issuer: str, *, danger_allow_http: bool = False) -> IssuerMetadata:
    """Fetch and read the metadata of ``issuer``.

    Raises:
        DiscoveryError: it cannot be fetched, or `read_metadata` refuses it.
    """
    check_address(issuer, danger_allow_http=danger_allow_http)
    document = get_document(openid_configuration_url(issuer), danger_allow_http=danger_allow_http)
    return read_metadata(document, expected_issuer=issuer, danger_allow_http=danger_allow_http)


async def adiscover(issuer: str, *, danger_allow_http: bool = False) -> IssuerMetadata:
    """As `discover`, without blocking the event loop."""
    check_address(issuer, danger_allow_http=danger_allow_http)
    document = await aget_document(openid_configuration_url(issuer), danger_allow_http=danger_allow_http)
    return read_metadata(document, expected_issuer=issuer, danger_allow_http=danger_allow_http)


def check_address(url: str, *, danger_allow_http: bool = False) -> str:
    """``url`` itself, if secrets may travel to it: https, or plain http that never leaves this machine.

    Raises:
        DiscoveryError: it may not.
    """
    try:
        return check_url(url, danger_allow_http=danger_allow_http)
    except FetchError as error:
        raise DiscoveryError(f"an address of the API or its issuer cannot be used: {error.sentence}") from error


class _Addresses:
    """The endpoint members of one document."""

    def __init__(self, document: Mapping[str, Any], *, danger_allow_http: bool) -> None:
        self._document = document
        self._danger_allow_http = danger_allow_http

    def required(self, member: str) -> str:
        url = self.optional(member)
        if url is None:
            raise DiscoveryError(f"the issuer's metadata lacks {member}")
        return url

    def optional(self, member: str) -> str | None:
        url = self._document.get(member)
        if url is None:
            return None
        if not isinstance(url, str):
            raise DiscoveryError(f"the issuer's metadata has a wrong {member}")
        return check_address(url, danger_allow_http=self._danger_allow_http)
