"""Pages: Jinja2 templates in; out comes what no browser keeps, frames or runs a stranger's scripts in (O11, O12)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from watchword.issuer.interaction.assets import STATIC_ROUTE, static_url

__all__ = ["STATIC_ROUTE", "Renderer", "render", "static_url"]

_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Tells other sites as little as `no-referrer`, under which a browser would send `Origin: null` with our own forms
    # and we could not see where they come from: https://fetch.spec.whatwg.org/#append-a-request-origin-header
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Renderer:
    """Renders the templates of some packages; the first package that has a name wins.

    Everything put into a page is escaped, and a variable that a template misses is an error, not a blank.

    Args:
        packages: packages with a ``templates`` folder.
    """

    def __init__(self, *packages: str) -> None:
        self._environment = Environment(
            loader=ChoiceLoader([PackageLoader(package) for package in packages]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals["static_url"] = static_url
        self._environment.filters["sentence"] = sentence

    def __call__(
        self,
        request: Request,
        template: str,
        context: Mapping[str, Any],
        *,
        status: int = 200,
        form_action: str | None = None,
        scripts: bool = False,
        sends: bool = False,
    ) -> HTMLResponse:
        """One page.

        Args:
            request: whom it answers; says whether this is a local issuer, and under which host.
            template: its file name.
            context: what the template asks for; docs/design.md lists it.
            status: the HTTP status.
            form_action: an absolute URL to which the page's form may lead by redirect, usually the client's
                redirect URI; see `content_security_policy`.
            scripts: whether the page has modules of our own. They may change the page and send nothing: only its
                forms reach the server.
            sends: whether those modules may send requests too, to this origin alone.
        """
        page = self._environment.get_template(template).render(_surroundings(request) | dict(context))
        policy = content_security_policy(form_action, scripts=scripts, sends=sends)
        return HTMLResponse(page, status, headers={**_HEADERS, "Content-Security-Policy": policy})


def sentence(text: str) -> str:
    """The sentence of an error (lower-case start, no full stop) as a person reads it on a page."""
    closed = text if text.endswith((".", "!", "?")) else f"{text}."
    return closed[:1].upper() + closed[1:]


def content_security_policy(form_action: str | None = None, *, scripts: bool = False, sends: bool = False) -> str:
    """The policy of a page; the scheme of ``form_action`` is added to where its forms may end, and packaged modules run
    if it has ``scripts``; they reach this origin if it ``sends``.

    Chromium holds every redirect after a form against ``form-action``, those of the client too: a callback that sends
    the user on to another host would end on our page, without a word, if only the callback's own host were allowed.
    Nothing of the address but its scheme gets into the header: a registered URI is still somebody's input.

    https://www.w3.org/TR/CSP3/#directive-form-action
    """
    source = _source(form_action) if form_action else None
    targets = f"'self' {source}" if source else "'self'"
    modules = "script-src 'self'; " if scripts else ""
    modules += "connect-src 'self'; " if sends else ""
    return (
        f"default-src 'none'; {modules}style-src 'self'; img-src 'self' data:; form-action {targets}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )


def _source(address: str) -> str | None:
    scheme = urlsplit(address).scheme
    # The scheme of a native application is a reversed domain name: nothing as general as `data:` gets in.
    return f"{scheme}:" if scheme in {"http", "https"} or "." in scheme else None


def _surroundings(request: Request) -> dict[str, Any]:
    """What every page may say about where it is, also when its endpoint does not pass it."""
    application = request.scope.get("app")
    issuer = getattr(getattr(application, "state", None), "issuer", None)
    if issuer is None:
        return {"local": False, "issuer_host": None}
    return {"local": issuer.settings.local, "issuer_host": issuer.settings.host}


render = Renderer("watchword.issuer.interaction")
