"""From the address of an API to everything a command line needs for signing in to it.

API → its metadata (RFC 9728) → its first issuer → that issuer's metadata → the issuer's command-line client.
https://www.rfc-editor.org/rfc/rfc9728#section-3
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from watchword.client.discovery import IssuerMetadata, check_address, discover
from watchword.client.errors import DiscoveryError
from watchword.client.transport import get_document
from watchword.oauth.metadata import protected_resource_metadata_url, watchword_configuration_url


@dataclass(frozen=True, slots=True)
class ApiMetadata:
    """What an API says about itself. ``issuers`` are those whose tokens it takes, in its order of preference."""

    identifier: str
    issuers: tuple[str, ...]
    scopes: tuple[str, ...]


def canonical_api(url: str) -> str:
    """``url`` as the identifier it means: a lone ``/`` after the host says nothing, so it is left out."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path="")) if parts.path == "/" else url


def read_api_metadata(document: Mapping[str, Any], *, expected_api: str) -> ApiMetadata:
    """The metadata in ``document``, if it is that of ``expected_api``.

    Raises:
        DiscoveryError: it describes another API (https://www.rfc-editor.org/rfc/rfc9728#section-3.3), or names no
            issuer.
    """
    identifier = document.get("resource")
    if not isinstance(identifier, str) or canonical_api(identifier) != canonical_api(expected_api):
        raise DiscoveryError("the metadata describes another API than the one that was asked")
    issuers = _texts(document, "authorization_servers")
    if not issuers:
        raise DiscoveryError("the API does not say which issuer it trusts")
    return ApiMetadata(identifier, issuers, _texts(document, "scopes_supported"))


def discover_api(api: str) -> ApiMetadata:
    """Ask the API at ``api`` about itself.

    Raises:
        DiscoveryError: it cannot be asked, or `read_api_metadata` refuses what it says.
    """
    check_address(api)
    return read_api_metadata(get_document(protected_resource_metadata_url(canonical_api(api))), expected_api=api)


def discover_issuer_of(api: ApiMetadata) -> IssuerMetadata:
    """The metadata of the first issuer that ``api`` trusts.

    Raises:
        DiscoveryError: see `discover`.
    """
    return discover(api.issuers[0])


def command_line_client(issuer: str) -> str:
    """The id of the client that ``issuer`` keeps for command lines.

    Raises:
        DiscoveryError: it keeps none, or is not a Watchword.
    """
    document = get_document(watchword_configuration_url(issuer))
    if document.get("issuer") != issuer:
        raise DiscoveryError("the configuration names another issuer than the one that was asked")
    client_id = document.get("cli_client_id")
    if not isinstance(client_id, str) or not client_id:
        raise DiscoveryError("the issuer has no client for command lines; name one with --client-id")
    return client_id


def _texts(document: Mapping[str, Any], member: str) -> tuple[str, ...]:
    values = document.get(member, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise DiscoveryError(f"the API's metadata has a wrong {member}")
    return tuple(values)
