"""Redirect URIs: what may be registered, and when a requested one is a registered one.

Comparison is byte for byte (https://www.rfc-editor.org/rfc/rfc9700#section-2.1). The one exception is the port of a
loopback address, for public clients (https://www.rfc-editor.org/rfc/rfc8252#section-7.3): the three spellings of
loopback never stand for one another.
"""

import re
from urllib.parse import parse_qsl, unquote, urlsplit

from watchword.errors import WatchwordError

MAX_LENGTH = 2048

_LOOPBACK = re.compile(
    r"http://(?P<host>127\.0\.0\.1|\[::1\]|localhost)(?::(?P<port>[1-9][0-9]{0,4}))?(?P<rest>[/?].*)?\Z"
)
_URI = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]+\Z")
# A private-use scheme must be a reversed domain name: https://www.rfc-editor.org/rfc/rfc8252#section-7.1
_PRIVATE_USE_SCHEME = re.compile(r"[a-z][a-z0-9+\-]*(?:\.[a-z0-9+\-]+)+\Z")
# Parameters that the authorization response adds: a registered copy would pollute it (O04).
_RESPONSE_PARAMETERS = frozenset(
    {
        "code",
        "state",
        "iss",
        "error",
        "error_description",
        "error_uri",
        "response",
        "id_token",
        "access_token",
    }
)


class RedirectURIError(WatchwordError):
    """A URI that may not be registered for redirects."""

    code = "invalid_redirect_uri"


def matches(registered: str, requested: str, *, public_client: bool) -> bool:
    """Whether ``requested`` is ``registered``.

    Args:
        registered: as the client registered it.
        requested: as the authorization request carries it, decoded once.
        public_client: whether the port of a loopback address may differ.
    """
    if registered == requested:
        return True
    if not public_client:
        return False
    mine, theirs = _LOOPBACK.match(registered), _LOOPBACK.match(requested)
    if mine is None or theirs is None:
        return False
    return mine["host"] == theirs["host"] and mine["rest"] == theirs["rest"] and int(theirs["port"] or 80) <= 65535


def check_registrable(uri: str, *, public_client: bool) -> None:
    """Refuse a URI that must not be registered.

    Args:
        uri: what the client or the operator wants to register.
        public_client: whether private-use schemes are allowed.

    Raises:
        RedirectURIError: says which rule it breaks.
    """
    if len(uri) > MAX_LENGTH or not _URI.match(uri):
        raise RedirectURIError("the redirect URI holds characters or a length that are not allowed")
    if "*" in uri:
        raise RedirectURIError("the redirect URI holds a wildcard; register each URI")
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError as error:
        raise RedirectURIError("the redirect URI cannot be parsed") from error
    del port
    if "@" in parts.netloc:
        raise RedirectURIError("the redirect URI holds user information")
    _check_scheme(uri, parts.scheme, parts.netloc, public_client=public_client)
    if any(segment in {".", ".."} for segment in unquote(parts.path).replace(";", "/").split("/")):
        raise RedirectURIError("the redirect URI holds dot segments")
    names = {name.casefold() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if names & _RESPONSE_PARAMETERS:
        raise RedirectURIError("the redirect URI holds a parameter that the response adds")


def _check_scheme(uri: str, scheme: str, host: str, *, public_client: bool) -> None:
    if not uri.startswith(f"{scheme}:"):
        raise RedirectURIError("the scheme of the redirect URI must be in lower case")
    if scheme == "https":
        if not host:
            raise RedirectURIError("the redirect URI has no host")
    elif scheme == "http":
        if not _LOOPBACK.match(uri):
            raise RedirectURIError("the redirect URI must use https unless it is a loopback address")
    elif not (public_client and _PRIVATE_USE_SCHEME.match(scheme)):
        raise RedirectURIError("the scheme of the redirect URI is not allowed")
