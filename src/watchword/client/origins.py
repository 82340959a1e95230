"""Where an access token may travel: to the origins it is meant for, and nowhere else.

https://www.rfc-editor.org/rfc/rfc6750#section-5.2 https://www.rfc-editor.org/rfc/rfc9700#section-4.10
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import httpx2

from watchword.client.errors import ClientSettingsError, UntrustedOriginError
from watchword.fetch import is_loopback

_DEFAULT_PORTS = {"https": 443, "http": 80}


class Url(Protocol):
    """What httpx2 and httpx say of an address; they connect to exactly these parts."""

    @property
    def scheme(self) -> str: ...

    @property
    def raw_host(self) -> bytes: ...

    @property
    def port(self) -> int | None: ...


class Origin(NamedTuple):
    """Scheme, host in its ASCII form, and port: https://www.rfc-editor.org/rfc/rfc6454#section-4"""

    scheme: str
    host: str
    port: int

    @property
    def is_private_on_the_way(self) -> bool:
        """Whether nobody on the way can read what is sent there."""
        return self.scheme == "https" or is_loopback(self.host)


def origin_of(url: Url) -> Origin:
    """The origin of ``url``; its port is 0 when the scheme has none that is known."""
    return Origin(url.scheme, url.raw_host.decode("ascii"), url.port or _DEFAULT_PORTS.get(url.scheme, 0))


def read_origin(text: str) -> Origin | None:
    """The origin that ``text`` names, with whatever path; None if it is no http address (a URN, a bare name)."""
    try:
        origin = origin_of(httpx2.URL(text))
    except (httpx2.InvalidURL, UnicodeError, TypeError):
        return None
    return origin if origin.scheme in _DEFAULT_PORTS and origin.host else None


class AllowedOrigins:
    """The origins a token may be sent to.

    Args:
        resource: the API's identifier; when it is a URL its origin is allowed.
        origins: further ones, for an API whose address is not its identifier.
        danger_any_origin: allow every origin: whoever chooses the URL of a request gets the token.
        danger_allow_http: allow plain http beyond this machine.

    Raises:
        ClientSettingsError: there is none, or one is no origin.
    """

    def __init__(
        self,
        resource: str | None,
        origins: Sequence[str] = (),
        *,
        danger_any_origin: bool = False,
        danger_allow_http: bool = False,
    ) -> None:
        if isinstance(origins, str):
            raise ClientSettingsError("origins is a list of addresses, not one text")
        named = [read_origin(text) for text in origins]
        own = None if resource is None else read_origin(resource)
        if None in named:
            raise ClientSettingsError("an origin is not of the form https://host[:port]")
        self._allowed = frozenset(origin for origin in (own, *named) if origin is not None)
        self._any = danger_any_origin
        self._allow_http = danger_allow_http
        if not self._allowed and not danger_any_origin:
            raise ClientSettingsError("the resource is no URL, so origins must say where the token may be sent")
        if not all(map(self._may_carry, self._allowed)):
            raise ClientSettingsError("a token travels by https; plain http is only for this machine")

    def check(self, url: Url) -> Origin:
        """The origin of ``url``, if the token may be sent there.

        Raises:
            UntrustedOriginError: it may not; nothing has been sent.
        """
        origin = origin_of(url)
        if origin not in self._allowed and not self._any:
            raise UntrustedOriginError("the request goes to an origin that this token is not for")
        if not self._may_carry(origin):
            raise UntrustedOriginError("a token travels by https; plain http is only for this machine")
        return origin

    def _may_carry(self, origin: Origin) -> bool:
        return origin.is_private_on_the_way or (self._allow_http and origin.scheme == "http")
