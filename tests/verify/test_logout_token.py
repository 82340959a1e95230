"""The rules of OpenID Connect Back-Channel Logout section 2.6 (THREATS J65)."""

from typing import Any

import pytest
from tests.verify.tokens import ABSENT, NOW

from watchword.clock import SettableClock
from watchword.jose import Key, jwt
from watchword.verify import InvalidTokenError, verify_id_token
from watchword.verify.errors import UnavailableError
from watchword.verify.logout_token import EVENT, LogoutToken, verify_logout_token
from watchword.verify.replay import ProcessReplays, ReplayStore

ISSUER = "https://auth.example.com"
CLIENT = "client-1"
KEY = Key.generate("ES256")


def logout_token(*, key: Key = KEY, typ: str = "logout+jwt", **changes: Any) -> str:
    good = {
        "iss": ISSUER,
        "aud": CLIENT,
        "iat": NOW,
        "exp": NOW + 120,
        "jti": "logout-1",
        "sub": "user-1",
        "sid": "session-1",
        "events": {EVENT: {}},
    }
    merged = {**good, **changes}
    return jwt.encode({name: value for name, value in merged.items() if value is not ABSENT}, key, typ=typ)


def verify(token: str, *, seen: ReplayStore | None = None, **changes: Any) -> LogoutToken:
    expected: dict[str, Any] = {"issuer": ISSUER, "client_id": CLIENT, "now": NOW, "algorithms": ("ES256",)}
    store = ProcessReplays(clock=SettableClock(NOW)) if seen is None else seen
    return verify_logout_token(token, KEY.public(), seen=store, **{**expected, **changes})


def refusal(token: str, **changes: Any) -> str:
    with pytest.raises(InvalidTokenError) as caught:
        verify(token, **changes)
    return caught.value.code


def test_a_good_token_says_who_was_signed_out() -> None:
    assert verify(logout_token()) == LogoutToken(ISSUER, "user-1", "session-1", "logout-1", NOW)
    assert verify(logout_token(sid=ABSENT)) == LogoutToken(ISSUER, "user-1", None, "logout-1", NOW)
    assert verify(logout_token(sub=ABSENT)) == LogoutToken(ISSUER, None, "session-1", "logout-1", NOW)


@pytest.mark.parametrize("typ", ["logout+jwt", "application/logout+jwt", "LOGOUT+JWT", "JWT", "jwt"])
def test_the_type_is_stated_or_the_event_tells(typ: str) -> None:
    verify(logout_token(typ=typ))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"typ": "at+jwt"}, "type_mismatch"),
        ({"typ": "dpop+jwt"}, "type_mismatch"),
        ({"typ": "secevent+jwt"}, "type_mismatch"),
        ({"iss": "https://evil.example"}, "issuer_mismatch"),
        ({"iss": ABSENT}, "claim_invalid"),
        ({"aud": "client-2"}, "audience_mismatch"),
        ({"aud": ABSENT}, "claim_invalid"),
        ({"exp": NOW}, "token_expired"),
        ({"exp": ABSENT}, "claim_invalid"),
        ({"iat": NOW + 11}, "token_not_yet_valid"),
        ({"iat": ABSENT}, "claim_invalid"),
        ({"iat": NOW - 121, "exp": NOW + 300}, "token_expired"),
        ({"nbf": NOW + 11}, "token_not_yet_valid"),
        ({"jti": ABSENT}, "claim_invalid"),
        ({"jti": ""}, "claim_invalid"),
        ({"jti": "x" * 129}, "claim_invalid"),
        ({"sub": ABSENT, "sid": ABSENT}, "claim_invalid"),
        ({"sub": None}, "claim_invalid"),
        ({"sid": None}, "claim_invalid"),
        ({"sid": ["session-1"]}, "claim_invalid"),
        ({"nonce": "n-1"}, "claim_invalid"),
        ({"nonce": None}, "claim_invalid"),
        ({"events": ABSENT}, "claim_invalid"),
        ({"events": None}, "type_mismatch"),
        ({"events": [EVENT]}, "type_mismatch"),
        ({"events": EVENT}, "type_mismatch"),
        ({"events": {}}, "type_mismatch"),
        ({"events": {EVENT: None}}, "type_mismatch"),
        ({"events": {EVENT: True}}, "type_mismatch"),
        ({"events": {EVENT + "/": {}}}, "type_mismatch"),
        ({"events": {EVENT.upper(): {}}}, "type_mismatch"),
    ],
)
def test_one_wrong_claim_refuses_the_token(changes: dict[str, Any], code: str) -> None:
    assert refusal(logout_token(**changes)) == code


def test_what_else_stands_in_it_is_no_obstacle() -> None:
    verify(logout_token(aud=[CLIENT, "client-2"], events={EVENT: {"x": 1}, "https://example.com/event": {}}, txn="t"))


def test_a_token_works_once_until_it_has_expired_anyway(clock: SettableClock) -> None:
    seen = ProcessReplays(clock=clock)
    verify(logout_token(), seen=seen)
    assert refusal(logout_token(sid="session-2"), seen=seen) == "claim_invalid"
    clock.advance(119)
    assert refusal(logout_token(), seen=seen, now=clock.now()) == "claim_invalid"
    clock.advance(1)
    assert refusal(logout_token(), seen=seen, now=clock.now()) == "token_expired"
    assert refusal(logout_token(), now=clock.now() + 60, leeway=60) == "token_expired"


def test_with_leeway_it_is_remembered_for_as_much_longer(clock: SettableClock) -> None:
    seen = ProcessReplays(clock=clock)
    verify(logout_token(), seen=seen, leeway=60)
    clock.advance(179)
    assert refusal(logout_token(), seen=seen, now=clock.now(), leeway=60) == "claim_invalid"


def test_the_same_identifier_of_another_issuer_is_another() -> None:
    seen = ProcessReplays(clock=SettableClock(NOW))
    verify(logout_token(), seen=seen)
    verify(logout_token(iss="https://b.example"), seen=seen, issuer="https://b.example")


def test_a_refused_token_is_not_remembered() -> None:
    seen = ProcessReplays(clock=SettableClock(NOW))
    assert refusal(logout_token(), seen=seen, client_id="client-2") == "audience_mismatch"
    verify(logout_token(), seen=seen)


def test_what_cannot_be_remembered_is_not_done() -> None:
    with pytest.raises(UnavailableError):
        verify(logout_token(), seen=ProcessReplays(capacity=0))


def test_another_signature_or_algorithm_is_refused() -> None:
    assert refusal(logout_token(key=Key.generate("ES256", kid=KEY.kid))) == "signature_invalid"
    assert refusal(logout_token(), algorithms=("RS256",)) == "algorithm_not_allowed"


def test_j65_a_logout_token_is_no_id_token_and_an_id_token_no_logout_token() -> None:
    for typ in ("logout+jwt", "JWT"):
        with pytest.raises(InvalidTokenError):
            verify_id_token(
                logout_token(typ=typ),
                KEY,
                issuer=ISSUER,
                client_id=CLIENT,
                nonce=None,
                now=NOW,
                algorithms=("ES256",),
            )
    id_claims = {"iss": ISSUER, "aud": CLIENT, "sub": "user-1", "iat": NOW, "exp": NOW + 300, "jti": "x", "nonce": "n"}
    assert refusal(jwt.encode(id_claims, KEY)) == "claim_invalid"
