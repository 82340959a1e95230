"""Where a machine's token requests go, by the issuer's metadata: a name is not an address.

https://www.rfc-editor.org/rfc/rfc8414#section-3.3
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from watchword.client.discovery import check_address
from watchword.client.errors import DiscoveryError
from watchword.client.origins import read_origin
from watchword.client.transport import get_document
from watchword.fetch import HOSTILE, TRUSTED, Policy
from watchword.oauth.metadata import openid_configuration_url


@dataclass(frozen=True, slots=True)
class TokenAddress:
    """The token endpoint.

    Args:
        name: its URL as the issuer writes it; what a DPoP proof states.
        address: the URL that requests are sent to.
        policy: how far that address is trusted.
    """

    name: str
    address: str
    policy: Policy


@dataclass(frozen=True, slots=True)
class IssuerAddress:
    """One issuer and where it is found.

    Args:
        issuer: its name; the metadata must call itself that, byte for byte.
        metadata_url: of its metadata; None for the place OpenID Connect Discovery names.
        token_url: of its token endpoint; when given the metadata is not asked for.
        danger_allow_http: plain http beyond this machine.
    """

    issuer: str
    metadata_url: str | None = None
    token_url: str | None = None
    danger_allow_http: bool = False

    def find(self) -> TokenAddress:
        """The token endpoint, by the metadata where that is needed. Blocks.

        Raises:
            DiscoveryError: the metadata cannot be had, is another issuer's, or names no token endpoint.
        """
        if self.token_url is not None:
            return TokenAddress(self.token_url, self.token_url, TRUSTED)
        metadata_url = self.metadata_url or openid_configuration_url(self.issuer)
        document = get_document(metadata_url, danger_allow_http=self.danger_allow_http)
        return read_token_address(document, self, metadata_url)


def read_token_address(document: Mapping[str, Any], issuer: IssuerAddress, metadata_url: str) -> TokenAddress:
    """The token endpoint in ``document``.

    Under the issuer's own name it is asked where the metadata was found. Under any other name the document chose it,
    not the operator, so it must be https and public.

    Raises:
        DiscoveryError: the document speaks for another issuer, or names no token endpoint that can be used.
    """
    if document.get("issuer") != issuer.issuer:
        raise DiscoveryError("the metadata names another issuer than the one that was asked")
    name = document.get("token_endpoint")
    if not isinstance(name, str) or not name:
        raise DiscoveryError("the issuer's metadata lacks token_endpoint")
    check_address(name, danger_allow_http=issuer.danger_allow_http)
    stated, found = read_origin(name), urlsplit(metadata_url)
    if stated == read_origin(issuer.issuer):
        return TokenAddress(name, urlsplit(name)._replace(scheme=found.scheme, netloc=found.netloc).geturl(), TRUSTED)
    return TokenAddress(name, name, TRUSTED if stated == read_origin(metadata_url) else HOSTILE)
