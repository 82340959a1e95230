"""Where metadata documents live.

OpenID Connect appends its path to the issuer; RFC 8414 and RFC 9728 insert theirs between host and path.
https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationRequest
https://www.rfc-editor.org/rfc/rfc8414#section-3.1 https://www.rfc-editor.org/rfc/rfc9728#section-3.1
"""

from urllib.parse import urlsplit, urlunsplit

OPENID_CONFIGURATION = "/.well-known/openid-configuration"
AUTHORIZATION_SERVER = "/.well-known/oauth-authorization-server"
WATCHWORD_CONFIGURATION = "/.well-known/watchword-configuration"
PROTECTED_RESOURCE = "/.well-known/oauth-protected-resource"


def openid_configuration_url(issuer: str) -> str:
    """The OpenID Connect discovery document of ``issuer``."""
    return issuer.rstrip("/") + OPENID_CONFIGURATION


def authorization_server_metadata_url(issuer: str) -> str:
    """The RFC 8414 document of ``issuer``."""
    return _inserted(issuer, AUTHORIZATION_SERVER)


def watchword_configuration_url(issuer: str) -> str:
    """The document of what only Watchword has: its revocation feed, its command-line client."""
    return _inserted(issuer, WATCHWORD_CONFIGURATION)


def protected_resource_metadata_url(resource: str) -> str:
    """The RFC 9728 document of the API ``resource``."""
    return _inserted(resource, PROTECTED_RESOURCE)


def _inserted(url: str, well_known: str) -> str:
    parts = urlsplit(url)
    path = "" if parts.path == "/" else parts.path
    return urlunsplit((parts.scheme, parts.netloc, well_known + path.rstrip("/"), parts.query, ""))
