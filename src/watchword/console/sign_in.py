"""Signing in to the console, which is an OpenID client of its own issuer.

https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth
"""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from watchword.admin.console_client import SCOPES
from watchword.client.browser_login import PendingLogin, authorization_url, code_request, read_callback
from watchword.client.errors import ClientError
from watchword.client.token_endpoint import read_token_answer
from watchword.console import login_state, own_issuer, session
from watchword.console.login_state import ConsoleLogin
from watchword.console.paths import SIGN_IN
from watchword.issuer import csrf
from watchword.issuer.interaction.error_page import error_page
from watchword.issuer.requests import issuer_of
from watchword.issuer.response_modes.query import see_other
from watchword.issuer.tokens.live import find_live
from watchword.verify import VerificationError, verify_id_token

_MOVED = "moved"


def to_sign_in(page: str) -> Response:
    """The way to the sign-in and from there to ``page``."""
    return see_other(f"{SIGN_IN}?{urlencode({'to': login_state.safe_page(page)})}")


async def sign_in(request: Request) -> Response:
    """``GET /console/sign-in?to=…``: begin a sign-in and send the browser to the issuer's own front door."""
    issuer = issuer_of(request)
    page = login_state.safe_page(request.query_params.get("to", ""))
    if request.headers.get("host") != issuer.settings.host and _MOVED not in request.query_params:
        # The answer comes to the issuer's own name, where this name's cookies are not sent. Said once: a proxy may
        # have put another name in place of the one that the browser knows.
        return see_other(issuer.settings.url(f"{SIGN_IN}?{urlencode({'to': page, _MOVED: '1'})}"))
    party = own_issuer.relying_party(request)
    login = login_state.begin(
        issuer.secrets["console"], browser=csrf.browser(request), page=page, now=issuer.clock.now()
    )
    response = see_other(authorization_url(party, _pending(login)))
    csrf.ensure_cookie(response, request)
    return response


async def callback(request: Request) -> Response:
    """``GET /console/callback``: redeem the code, check who signed in, and let an administrator in."""
    issuer = issuer_of(request)
    login = login_state.resume(
        issuer.secrets["console"],
        browser=csrf.browser(request),
        state=request.query_params.get("state", ""),
        now=issuer.clock.now(),
    )
    if login is None:
        return _failed(request, "it was not begun in this browser, or longer than ten minutes ago")
    try:
        grant_id = await _redeem(request, login)
    except (ClientError, VerificationError) as error:
        return _failed(request, error.sentence)
    if grant_id is None:
        return _failed(request, "it was withdrawn meanwhile")
    response = see_other(login.page)
    await session.begin(request, response, grant_id=grant_id)
    return response


async def _redeem(request: Request, login: ConsoleLogin) -> str | None:
    """The grant of the sign-in that this request finishes; None when it has ended already.

    Raises:
        ClientError: the issuer declined, or the answer is not what was asked for.
        VerificationError: the ID token does not prove who signed in.
    """
    issuer = issuer_of(request)
    party, pending = own_issuer.relying_party(request), _pending(login)
    code = read_callback(party, pending, request.scope["query_string"].decode("latin-1"))
    answer = read_token_answer(*await own_issuer.post(request, code_request(party, pending, code)))
    verify_id_token(
        answer.unverified_id_token or "",
        await issuer.keys.published_keys(),
        issuer=issuer.settings.issuer,
        client_id=party.client_id,
        nonce=login.nonce,
        now=issuer.clock.now(),
        access_token=answer.access_token,
        algorithms=party.id_token_algorithms,
    )
    live = await find_live(issuer, answer.access_token)
    return None if live is None or live.grant is None else live.grant.id


def _pending(login: ConsoleLogin) -> PendingLogin:
    return PendingLogin("", login.state, login.nonce, login.code_verifier, SCOPES)


def _failed(request: Request, sentence: str) -> Response:
    return error_page(request, status=400, title="The sign-in did not succeed", sentence=sentence)
