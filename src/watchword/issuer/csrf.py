"""Forms that only our own pages can send (O17).

A form carries an HMAC over the browser's cookie and the session's; the request must also come from our own origin, as
far as the browser says where it comes from (https://www.w3.org/TR/fetch-metadata/).
"""

import base64
import hashlib
import hmac
from typing import Protocol, cast
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from watchword.issuer.cookies import BROWSER, SESSION
from watchword.issuer.requests import issuer_of
from watchword.issuer.settings import IssuerSettings
from watchword.oauth.bearer import digest, new_bearer

FIELD = "csrf_token"


class Form(Protocol):
    """Something that has been posted."""

    def get(self, name: str, /) -> object: ...


def browser(request: Request) -> str:
    """The value that names this browser; made now when it has none, for `ensure_cookie` to set."""
    known = BROWSER.read(request, issuer_of(request).settings)
    if known is None:
        if not hasattr(request.state, "new_browser"):
            request.state.new_browser = new_bearer("wwb")
        known = cast("str", request.state.new_browser)
    return known


def browser_hash(request: Request) -> str:
    """The digest under which the store knows this browser."""
    return digest(browser(request))


def ensure_cookie(response: Response, request: Request) -> None:
    """Give the browser its name, if it has none yet."""
    value = getattr(request.state, "new_browser", None)
    if value is not None:
        BROWSER.set(response, issuer_of(request).settings, value)


def token(request: Request) -> str:
    """What a form of this browser, in its present session, must carry as ``csrf_token``."""
    issuer = issuer_of(request)
    session = SESSION.read(request, issuer.settings) or ""
    message = f"form\x00{browser(request)}\x00{session}".encode()
    mac = hmac.new(issuer.secrets["csrf"], message, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode("ascii")


def check(request: Request, form: Form) -> bool:
    """Whether the posted form is one of ours, sent by the browser it was made for."""
    if BROWSER.read(request, issuer_of(request).settings) is None or not from_own_origin(request):
        return False
    given = form.get(FIELD)
    return isinstance(given, str) and hmac.compare_digest(given.encode(), token(request).encode())


def from_own_origin(request: Request) -> bool:
    """Whether nothing the browser says about the sender speaks against our own pages.

    ``Origin: null`` is what a page with ``Referrer-Policy: no-referrer`` sends even to itself
    (https://fetch.spec.whatwg.org/#append-a-request-origin-header), and what a sandboxed frame sends: it counts only
    together with ``Sec-Fetch-Site: same-origin``.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return True
    if origin == "null":
        return site == "same-origin"
    return origin in _own_origins(issuer_of(request).settings)


def _own_origins(settings: IssuerSettings) -> frozenset[str]:
    scheme = urlsplit(settings.issuer).scheme
    return frozenset(f"{scheme}://{host}" for host in settings.answered_hosts)
