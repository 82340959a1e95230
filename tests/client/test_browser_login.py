"""The whole login against a real socket, and every way in which its answer must be refused."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests.client.toy_issuer import ToyIssuer, toy_issuer

from watchword.client import browser_login
from watchword.client.browser_login import PendingLogin, RelyingParty, begin, finish, read_callback
from watchword.client.discovery import IssuerMetadata, discover
from watchword.client.errors import (
    AuthorizationDeclinedError,
    CallbackError,
    ClientError,
    IdTokenError,
    IssuerMismatchError,
    StateMismatchError,
    TokenRequestError,
)
from watchword.clock import SettableClock
from watchword.jose import Key, jwt
from watchword.oauth.pkce import challenge_of

REDIRECT_URI = "http://localhost:9/callback"


@pytest.fixture
def party(issuer: ToyIssuer) -> RelyingParty:
    return RelyingParty(discover(issuer.issuer), "web-app", REDIRECT_URI, "s3cr:t/ canary")


def browse(pending: PendingLogin) -> str:
    """What a browser brings back: the query of the redirect."""
    answer = httpx2.get(pending.url, follow_redirects=False, trust_env=False)
    assert answer.status_code == 303
    return urlsplit(answer.headers["location"]).query


def test_the_request_asks_for_everything_that_protects_it(party: RelyingParty) -> None:
    pending = begin(party, scopes=["profile", "openid"], resources=["https://api.example"], prompt="login")
    asked = parse_qs(urlsplit(pending.url).query)
    assert asked == {
        "response_type": ["code"],
        "client_id": ["web-app"],
        "redirect_uri": [REDIRECT_URI],
        "scope": ["openid profile"],
        "state": [pending.state],
        "nonce": [pending.nonce],
        "code_challenge": [challenge_of(pending.code_verifier)],
        "code_challenge_method": ["S256"],
        "resource": ["https://api.example"],
        "prompt": ["login"],
    }
    other = begin(party, scopes=[])
    assert (
        len({pending.state, pending.nonce, pending.code_verifier, other.state, other.nonce, other.code_verifier}) == 6
    )


def test_a_login_succeeds(party: RelyingParty, issuer: ToyIssuer, clock: SettableClock) -> None:
    pending = begin(party, scopes=["orders:read"], resources=[issuer.api])
    tokens = finish(party, pending, browse(pending), clock=clock)
    assert (tokens.subject, tokens.name) == ("alice-id", "Alice")
    assert tokens.scopes == ("openid", "orders:read")
    assert tokens.expires_at == clock.now() + 300
    assert jwt.decode(tokens.access_token, issuer.es256, typ="at+jwt")["aud"] == issuer.api
    _, fields, authorization = issuer.seen[-1]
    assert authorization == "Basic d2ViLWFwcDpzM2NyJTNBdCUyRitjYW5hcnk="  # form-encoded first: RFC 6749 section 2.3.1
    assert "client_secret" not in fields


@pytest.mark.anyio
async def test_a_login_succeeds_without_blocking(party: RelyingParty, issuer: ToyIssuer, clock: SettableClock) -> None:
    pending = begin(party, scopes=[])
    tokens = await browser_login.afinish(party, pending, browse(pending), clock=clock)
    assert tokens.subject == "alice-id"


def test_nothing_that_is_printed_holds_a_secret(party: RelyingParty, issuer: ToyIssuer, clock: SettableClock) -> None:
    """O80"""
    pending = begin(party, scopes=[])
    tokens = finish(party, pending, browse(pending), clock=clock)
    printed = repr((party, pending, tokens))
    secrets = [pending.code_verifier, pending.state, pending.nonce, tokens.access_token, tokens.refresh_token]
    for secret in [*secrets, tokens.id_token, "s3cr", "canary"]:
        assert secret is not None
        assert secret not in printed


def test_an_answer_to_another_login_is_refused(party: RelyingParty, issuer: ToyIssuer, clock: SettableClock) -> None:
    """O08: a code that an attacker obtained is brought to the victim's browser."""
    attackers, victims = begin(party, scopes=[]), begin(party, scopes=[])
    with pytest.raises(StateMismatchError):
        finish(party, victims, browse(attackers), clock=clock)
    assert issuer.count("token") == 0


def test_a_code_swapped_in_with_the_right_state_fails_at_pkce(
    party: RelyingParty, issuer: ToyIssuer, clock: SettableClock
) -> None:
    """O08: the attacker knows the victim's state, but not the verifier."""
    attackers, victims = begin(party, scopes=[]), begin(party, scopes=[])
    code = parse_qs(browse(attackers))["code"][0]
    query = f"code={code}&state={victims.state}&iss={issuer.issuer}"
    with pytest.raises(TokenRequestError) as refused:
        finish(party, victims, query, clock=clock)
    assert refused.value.error == "invalid_grant"


def test_mix_up_of_two_issuers_is_refused(party: RelyingParty, clock: SettableClock) -> None:
    """O07: the honest issuer's answer comes to a login that was begun at the attacker's, and the other way round."""
    with toy_issuer(clock) as attacker:
        attackers_party = RelyingParty(discover(attacker.issuer), "web-app", REDIRECT_URI)
        at_attacker = begin(attackers_party, scopes=[])
        honest = PendingLogin(
            at_attacker.url.replace(attacker.issuer, party.issuer.issuer),
            at_attacker.state,
            at_attacker.nonce,
            at_attacker.code_verifier,
        )
        answer_of_the_honest = browse(honest)
        with pytest.raises(IssuerMismatchError):
            finish(attackers_party, at_attacker, answer_of_the_honest, clock=clock)
        assert attacker.count("token") == 0  # the code never reached the attacker


STATE = "the-state"
ISS = "https://issuer.example"


def static_party(*, states_issuer: bool = True) -> RelyingParty:
    metadata = IssuerMetadata(ISS, f"{ISS}/authorize", f"{ISS}/token", f"{ISS}/jwks", states_issuer=states_issuer)
    return RelyingParty(metadata, "web-app", REDIRECT_URI)


PENDING = PendingLogin("", STATE, "nonce", "verifier")


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("", StateMismatchError),
        (f"code=c&iss={ISS}", StateMismatchError),
        (f"code=c&state=&iss={ISS}", StateMismatchError),
        (f"code=c&state=the-statf&iss={ISS}", StateMismatchError),
        (f"code=c&state={STATE}", IssuerMismatchError),
        (f"code=c&state={STATE}&iss={ISS}/", IssuerMismatchError),
        (f"code=c&state={STATE}&iss=", IssuerMismatchError),
        (f"error=access_denied&state={STATE}&iss=https://evil.example", IssuerMismatchError),
        (f"error=access_denied&state={STATE}", IssuerMismatchError),
        (f"error=access_denied&state={STATE}&iss={ISS}", AuthorizationDeclinedError),
        (f"error=access_denied&code=c&state={STATE}&iss={ISS}", AuthorizationDeclinedError),
        (f"state={STATE}&iss={ISS}", CallbackError),
        (f"code=&state={STATE}&iss={ISS}", CallbackError),
        (f"code=a&code=b&state={STATE}&iss={ISS}", CallbackError),
        (f"code=a&state={STATE}&state={STATE}&iss={ISS}", CallbackError),
        (f"code=a&state={STATE}&iss={ISS}&iss=https://evil.example", CallbackError),
        (f"code=%ff&state={STATE}&iss={ISS}", CallbackError),
        ("&".join(f"a{n}=1" for n in range(40)), CallbackError),
        (f"code={'c' * 9000}&state={STATE}&iss={ISS}", CallbackError),
    ],
)
def test_a_wrong_answer_is_refused(query: str, error: type[ClientError]) -> None:
    """O07, O08"""
    with pytest.raises(error) as refused:
        read_callback(static_party(), PENDING, query)
    assert type(refused.value) is error
    assert "evil" not in str(refused.value)


def test_a_right_answer_gives_the_code() -> None:
    assert read_callback(static_party(), PENDING, f"code=c%2B1&state={STATE}&iss={ISS}") == "c+1"


def test_an_issuer_that_never_says_its_name_may_stay_silent_but_not_lie() -> None:
    silent = static_party(states_issuer=False)
    assert read_callback(silent, PENDING, f"code=c&state={STATE}") == "c"
    with pytest.raises(IssuerMismatchError):
        read_callback(silent, PENDING, f"code=c&state={STATE}&iss=https://evil.example")


def test_what_an_error_says_is_shown_only_if_it_is_a_code() -> None:
    """O81: it will be printed in a terminal."""
    with pytest.raises(AuthorizationDeclinedError) as refused:
        read_callback(static_party(), PENDING, f"error=%1b[2J%3Cb%3E&state={STATE}&iss={ISS}")
    assert refused.value.error == "unknown_error"


def _other_key(issuer: ToyIssuer) -> None:
    issuer.lies.id_token_key = Key.generate("RS256")


def _es256(issuer: ToyIssuer) -> None:
    issuer.lies.id_token_key = issuer.es256


def _access_token_instead(issuer: ToyIssuer) -> None:
    issuer.lies.id_token_text = issuer.access_token("web-app", "openid")


def _typ(issuer: ToyIssuer) -> None:
    issuer.lies.id_token_typ = "logout+jwt"


def _claims(**claims: Any) -> Callable[[ToyIssuer], None]:
    def lie(issuer: ToyIssuer) -> None:
        issuer.lies.id_token = claims

    return lie


def _none(issuer: ToyIssuer) -> None:
    issuer.lies.token_answer = {"id_token": None}


@pytest.mark.parametrize(
    "lie",
    [
        pytest.param(_none, id="no ID token"),
        pytest.param(_access_token_instead, id="J65 an access token in its place"),
        pytest.param(_typ, id="J65 a logout token in its place"),
        pytest.param(_other_key, id="a key that is not published"),
        pytest.param(_es256, id="an algorithm that was not registered"),
        pytest.param(_claims(nonce="another"), id="another nonce"),
        pytest.param(_claims(nonce=None), id="no nonce"),
        pytest.param(_claims(aud="another-app"), id="another client"),
        pytest.param(_claims(aud=["web-app", "another-app"]), id="two audiences and no azp"),
        pytest.param(_claims(iss="https://evil.example"), id="another issuer"),
        pytest.param(_claims(exp=1_000), id="expired"),
        pytest.param(_claims(exp=None), id="no end"),
        pytest.param(_claims(sub=None), id="nobody"),
        pytest.param(_claims(at_hash="AAAAAAAAAAAAAAAAAAAAAA"), id="another access token"),
    ],
)
def test_a_wrong_id_token_is_refused(
    party: RelyingParty, issuer: ToyIssuer, clock: SettableClock, lie: Callable[[ToyIssuer], None]
) -> None:
    lie(issuer)
    pending = begin(party, scopes=[])
    with pytest.raises(IdTokenError):
        finish(party, pending, browse(pending), clock=clock)
