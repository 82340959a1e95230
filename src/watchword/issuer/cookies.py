"""The issuer's cookies: what they are called, how they are set, and when one counts.

``__Host-`` makes the browser refuse a cookie that another host, another path or plain http tried to set
(https://datatracker.ietf.org/doc/html/rfc6265#section-5.3 and its successor draft). Cookies ignore ports, so in local
mode the name carries the port: two issuers on one machine never read each other's.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from watchword.issuer.settings import IssuerSettings

# What `oauth.bearer.new_bearer` gives; anything else was not set by us and counts as absent (O56).
_VALUE = re.compile(r"[A-Za-z0-9_\-]{40,80}\Z")


@dataclass(frozen=True, slots=True)
class Cookie:
    """One kind of cookie. All are HttpOnly, SameSite=Lax and on Path=/.

    Args:
        kind: what its name is made of.
        max_age: seconds it lasts; None for as long as the browser runs.
    """

    kind: str
    max_age: int | None = None

    def name(self, settings: IssuerSettings) -> str:
        """What the browser knows it by."""
        if settings.local:
            parts = urlsplit(settings.issuer)
            return f"watchword-{self.kind}-{parts.port or 80}"
        return f"__Host-watchword-{self.kind}"

    def read(self, request: Request, settings: IssuerSettings) -> str | None:
        """Its value; nothing when it is absent, malformed or there twice."""
        name = self.name(settings)
        values = [
            value.strip()
            for header in request.headers.getlist("cookie")
            for key, _, value in (pair.partition("=") for pair in header.split(";"))
            if key.strip() == name
        ]
        if len(values) != 1 or not _VALUE.match(values[0]):
            return None
        return values[0]

    def set(self, response: Response, settings: IssuerSettings, value: str) -> None:
        """Give the browser a value."""
        response.set_cookie(
            self.name(settings),
            value,
            max_age=self.max_age,
            path="/",
            secure=not settings.local,
            httponly=True,
            samesite="lax",
        )

    def clear(self, response: Response, settings: IssuerSettings) -> None:
        """Take it away."""
        response.delete_cookie(self.name(settings), path="/", secure=not settings.local, httponly=True, samesite="lax")


# Who is signed in: new at every sign-in (O55).
SESSION = Cookie("session")
# Which browser this is, signed in or not: binds forms (CSRF) and authorization requests to it.
BROWSER = Cookie("browser")
# That somebody has signed in here before (`authn.known_device`); it lets nobody in.
DEVICE = Cookie("device", max_age=180 * 86_400)
