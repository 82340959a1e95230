"""A web application that calls the orders API for a signed-in person: the backend-for-frontend pattern.

The browser holds a random session id in a cookie that no script can read; tokens stay here, and only here is
``Authorization: Bearer`` written. https://www.ietf.org/archive/id/draft-ietf-oauth-browser-based-apps-26.html#section-6.1
"""

import logging
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from watchword.client import browser_login
from watchword.client.api_call import ApiAnswer, acall
from watchword.client.browser_login import RelyingParty
from watchword.client.discovery import IssuerMetadata, adiscover
from watchword.client.errors import AuthorizationDeclinedError, ClientError, NotSignedInError, TokenRequestError
from watchword.client.refresh import arefresh
from watchword.client.sign_out import arevoke, sign_out_url
from watchword.client.tokens import TokenSet
from watchword.clock import Clock
from watchword.demo.pages import answer_page, signed_in_page, signed_out_page, trouble_page
from watchword.demo.settings import DemoSettings
from watchword.demo.web_session import LOGIN_LIFETIME, SESSION_LIFETIME, BegunLogins, Cookie, Shelf, WebSession

SCOPES = ("openid", "profile", "email", "offline_access", "orders:read", "orders:write")

_ANSWER = "/me/orders/answer"
_METADATA_SECONDS = 300.0
_log = logging.getLogger(__name__)


class Browser:
    """The web application's state and its eight routes."""

    def __init__(self, settings: DemoSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._sessions: Shelf[WebSession] = Shelf(SESSION_LIFETIME, clock)
        self._logins: Shelf[BegunLogins] = Shelf(LOGIN_LIFETIME, clock)
        self._session_cookie = Cookie(settings, "session", SESSION_LIFETIME)
        self._login_cookie = Cookie(settings, "login", LOGIN_LIFETIME)
        self._metadata: tuple[float, IssuerMetadata] | None = None

    def routes(self) -> APIRouter:
        """The routes, to be included in an application."""
        router = APIRouter(include_in_schema=False, default_response_class=Response)
        router.add_api_route("/", self.home, methods=["GET"])
        router.add_api_route("/sign-in", self.sign_in, methods=["GET"])
        router.add_api_route("/callback", self.callback, methods=["GET"])
        router.add_api_route("/me/orders", self.show_orders, methods=["GET"])
        router.add_api_route("/me/orders", self.place_order, methods=["POST"])
        router.add_api_route(_ANSWER, self.show_answer, methods=["GET"])
        router.add_api_route("/sign-out", self.sign_out, methods=["POST"])
        return router

    async def home(self, request: Request) -> Response:
        session = self._session(request)
        if session is None:
            return signed_out_page(self._settings)
        return signed_in_page(self._settings, session)

    async def sign_in(self, request: Request) -> Response:
        """Begin a login and send the browser to the issuer."""
        try:
            party = await self._party()
        except ClientError as error:
            return self._trouble(error, "The issuer does not answer", 503)
        login = browser_login.begin(party, scopes=SCOPES, resources=(self._settings.audience,))
        cookie = self._login_cookie.of(request)
        begun = self._logins.get(cookie)
        if begun is None or cookie is None:
            begun = BegunLogins()
            cookie = self._logins.put(begun)
        begun.add(login)
        answer = _see_other(login.url)
        self._login_cookie.set(answer, cookie)
        return answer

    async def callback(self, request: Request) -> Response:
        """Finish a login that this browser began, and give it a new session."""
        query = request.scope["query_string"].decode("latin-1")
        begun = self._logins.get(self._login_cookie.of(request))
        # Taken out before anything else happens: an answer is used once, whatever comes of it.
        login = begun.take(parse_qs(query).get("state", [""])[0]) if begun else None
        if login is None:
            return self._trouble(None, "This sign-in was not begun here", 400)
        try:
            party = await self._party()
            tokens = await browser_login.afinish(party, login, query, clock=self._clock)
        except AuthorizationDeclinedError as error:
            return self._trouble(error, "The sign-in was declined", 403)
        except ClientError as error:
            return self._trouble(error, "The sign-in did not succeed", 502)
        self._sessions.discard(self._session_cookie.of(request))
        answer = _see_other("/")
        # A new id at every sign-in: one that somebody planted beforehand is worth nothing.
        self._session_cookie.set(answer, self._sessions.put(WebSession(tokens)))
        return answer

    async def show_orders(self, request: Request) -> Response:
        """Ask the API for the orders in the name of the signed-in person."""
        called = await self._call(request, "GET")
        return called if isinstance(called, Response) else answer_page(self._settings, *called)

    async def place_order(
        self, request: Request, item: Annotated[str, Form()] = "", csrf_token: Annotated[str, Form()] = ""
    ) -> Response:
        """Place an order in the name of the signed-in person."""
        session = self._session(request)
        if session is not None and not _is_own_form(request, session, csrf_token):
            return self._trouble(None, "This form was not made here", 403)
        called = await self._call(request, "POST", {"item": item})
        if isinstance(called, Response):
            return called
        # Shown by another request: reloading that page orders nothing again.
        called[0].answered = called[1:]
        return _see_other(_ANSWER)

    async def show_answer(self, request: Request) -> Response:
        """What the API answered to the form sent last."""
        session = self._session(request)
        if session is None or session.answered is None:
            return _see_other("/")
        return answer_page(self._settings, session, *session.answered)

    async def sign_out(self, request: Request, csrf_token: Annotated[str, Form()] = "") -> Response:
        """End the session here, withdraw the refresh token, and end the session at the issuer."""
        session = self._session(request)
        if session is None:
            return _see_other("/")
        if not _is_own_form(request, session, csrf_token):
            return self._trouble(None, "This form was not made here", 403)
        self._sessions.discard(self._session_cookie.of(request))
        answer = _see_other(await self._sign_out_at_issuer(session.tokens))
        self._session_cookie.clear(answer)
        return answer

    async def _sign_out_at_issuer(self, tokens: TokenSet) -> str:
        home = f"{self._settings.origin}/"
        try:
            party = await self._party()
            await arevoke(party, tokens)
        except ClientError as error:
            _log.warning("sign-out: %s: %s", error.code, error)
            return home
        return sign_out_url(party, tokens, post_logout_redirect_uri=home) or home

    async def _call(
        self, request: Request, method: str, json: dict[str, str] | None = None
    ) -> tuple[WebSession, str, ApiAnswer] | Response:
        """Whose session it is, what was asked of the API and what it answered; or a page that says why it was not."""
        session = self._session(request)
        if session is None:
            return _see_other("/")
        try:
            tokens = await self._fresh_tokens(session)
            answer = await acall(method, self._settings.orders_url, tokens, json=json)
        except NotSignedInError:
            self._sessions.discard(self._session_cookie.of(request))
            return _see_other("/")
        except ClientError as error:
            return self._trouble(error, "The orders cannot be had now", 502)
        return session, f"{method} {self._settings.orders_url}", answer

    async def _fresh_tokens(self, session: WebSession) -> TokenSet:
        """The session's tokens, renewed if need be; by one request at a time."""
        async with session.renewing:
            if not session.tokens.is_fresh(self._clock.now()):
                try:
                    session.tokens = await arefresh(
                        await self._party(), session.tokens, resources=(self._settings.audience,), clock=self._clock
                    )
                except TokenRequestError as refusal:
                    if refusal.error == "invalid_grant":
                        raise NotSignedInError("the login has ended at the issuer") from refusal
                    raise
            return session.tokens

    async def _party(self) -> RelyingParty:
        settings = self._settings
        now = self._clock.monotonic()
        if self._metadata is None or now > self._metadata[0]:
            self._metadata = (now + _METADATA_SECONDS, await adiscover(settings.issuer))
        return RelyingParty(
            self._metadata[1], settings.client_id, f"{settings.origin}/callback", settings.client_secret
        )

    def _session(self, request: Request) -> WebSession | None:
        return self._sessions.get(self._session_cookie.of(request))

    def _trouble(self, error: ClientError | None, title: str, status: int) -> Response:
        sentence = "Nothing was changed." if error is None else f"{error.sentence[:1].upper()}{error.sentence[1:]}."
        if error is not None:
            _log.warning("%s: %s", error.code, error)
        return trouble_page(self._settings, status, title, sentence)


def _is_own_form(request: Request, session: WebSession, csrf_token: str) -> bool:
    # Every current browser says where a request comes from; the token is for the others, and for certainty.
    site = request.headers.get("sec-fetch-site", "same-origin")
    return site in {"same-origin", "none"} and session.csrf_matches(csrf_token)


def _see_other(url: str) -> RedirectResponse:
    return RedirectResponse(url, 303, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
