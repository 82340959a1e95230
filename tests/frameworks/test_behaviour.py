"""One behaviour for all frameworks: what is let in, what is refused, and what a refusal says.

THREATS J42, J93; RFC 6750 section 3, RFC 9449 section 7, RFC 9470 section 3, RFC 9728 section 5.1.
"""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.frameworks.drivers.catalogue import those_that
from tests.frameworks.protected_api import API, ISSUER, KEY, NOW, Answer, Call, Caller, Driver, protected
from tests.frameworks.tokens import bearer, token

from watchword.clock import SettableClock
from watchword.jose import Key, jwt
from watchword.verify.sender import SenderPolicy

REALM = f'Bearer realm="{API}"'
OPAQUE = 'error="invalid_token", error_description="the token is not valid here"'


def refused(driver: Driver, answer: Answer, status: int, code: str, challenge: str | None) -> None:
    """``answer`` is the refusal that is expected, as far as this framework can tell it."""
    assert answer.status == driver.statuses.get(status, status)
    if "body" in driver.tells:
        assert answer.body["code"] == code
        assert answer.body.keys() == {"error", "error_description", "code"}
        assert answer.told["cache-control"] == "no-store"
    if "challenge" in driver.tells:
        assert answer.told.get("www-authenticate") == challenge


def unsigned(header: dict[str, str], claims: dict[str, Any]) -> str:
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)
    )


def test_a_good_token_passes_and_its_claims_reach_the_handler(call: Caller) -> None:
    answer = call(bearer(token()))
    assert (answer.status, answer.body) == (200, {"sub": "user-1"})


def test_the_scheme_is_compared_without_case(call: Caller) -> None:
    assert call(Call(headers=(("Authorization", "bEARER " + token()),))).status == 200


@pytest.mark.parametrize("headers", [(), (("Authorization", "Basic dTpw"),)], ids=["nothing", "another scheme"])
def test_without_a_token_the_challenge_names_no_error(
    driver: Driver, call: Caller, headers: tuple[tuple[str, str], ...]
) -> None:
    refused(driver, call(Call(headers=headers)), 401, "token_missing", REALM)


def test_an_expired_token_is_named(driver: Driver, call: Caller, clock: SettableClock) -> None:
    good = token()
    assert call(bearer(good)).status == 200
    clock.advance(300)
    challenge = f'{REALM}, error="invalid_token", error_description="the token has expired"'
    refused(driver, call(bearer(good)), 401, "token_expired", challenge)


@pytest.mark.parametrize("text", ["abc", "a.b.c", "a.b", "....", "e30.e30.e30"])
def test_a_malformed_token_is_no_more_than_that(driver: Driver, call: Caller, text: str) -> None:
    answer = call(bearer(text))
    assert answer.status == driver.statuses.get(401, 401)
    if "body" in driver.tells:
        assert answer.body["code"] == "token_malformed"


WRONG = {
    "wrong audience": lambda: token(aud="https://other.example.com"),
    "wrong issuer": lambda: token(iss="https://other.example.com"),
    "not yet valid": lambda: token(nbf=NOW + 999),
    "no subject": lambda: token(sub=None),
    "an ID token": lambda: jwt.encode({"iss": ISSUER, "aud": API, "sub": "user-1", "exp": NOW + 9}, KEY),
    "wrong signature": lambda: token()[:-6] + "AAAAAA",
    "another's key": lambda: token(key=Key.generate("ES256", kid=KEY.kid)),
    "an unknown key": lambda: token(key=Key.generate("ES256")),
    "J01 alg none": lambda: unsigned({"alg": "none", "typ": "at+jwt"}, {"iss": ISSUER, "aud": API, "sub": "x"}) + ".",
    "J02 HS256 with the public key for a secret": lambda: jwt.encode(
        {"iss": ISSUER, "aud": API, "sub": "x", "exp": NOW + 9},
        Key.from_dict({"kty": "oct", "alg": "HS256", "kid": KEY.kid, "k": "A" * 43}),
        typ="at+jwt",
    ),
    "O45 bound to a key, without a proof": lambda: token(cnf={"jkt": "A" * 43}),
    "bound to a certificate that did not come": lambda: token(cnf={"x5t#S256": "A" * 43}),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_j93_a_token_that_is_not_believed_is_refused_and_not_explained(
    driver: Driver, call: Caller, wrong: str
) -> None:
    answer = call(bearer(WRONG[wrong]()))
    assert answer.status == driver.statuses.get(401, 401)
    if "body" in driver.tells:
        assert answer.body["code"] in {"token_invalid", "token_malformed"}
    if "challenge" in driver.tells:
        assert answer.told["www-authenticate"].startswith(f'{REALM}, error="invalid_token"')


def test_j42_no_refusal_repeats_a_byte_of_the_token(driver: Driver, call: Caller) -> None:
    for canary in ("canary.canary.canary", token(aud="https://canary.example"), "canary" * 500):
        answer = call(bearer(canary))
        assert answer.status == driver.statuses.get(401, 401)
        assert "canary" not in answer.everything
        assert canary[:40] not in answer.everything


@those_that("query")
@pytest.mark.parametrize(
    "name", ["access_token", "%61ccess_token", "access%5Ftoken", "access_toke%6E", "access_token="]
)
def test_a_token_in_the_query_is_refused_even_beside_a_good_header(driver: Driver, call: Caller, name: str) -> None:
    answer = call(bearer(token(), query=f"x=1&{name}=" + token()))
    refused(
        driver,
        answer,
        400,
        "request_malformed",
        f'{REALM}, error="invalid_request", error_description="a token in the query is not accepted"',
    )


@those_that("query")
@pytest.mark.parametrize("query", ["access=1&token", "q=caf%C3%A9", "about=access_token", "access+token=1"])
def test_a_query_is_no_offence(driver: Driver, call: Caller, query: str) -> None:
    assert call(bearer(token(), query=query)).status == 200


@those_that("two headers")
def test_two_authorization_headers_are_refused(driver: Driver, call: Caller) -> None:
    answer = call(Call(headers=(("Authorization", "Bearer " + token()),) * 2))
    assert answer.status == driver.statuses.get(400, 400)
    if "body" in driver.tells:
        assert answer.body["code"] == "request_malformed"


@pytest.mark.parametrize("value", ["Bearer a b", "Bearer a,Bearer b", "Bearer =a", 'Bearer "a"'])
def test_a_header_that_does_not_hold_one_token_is_refused(driver: Driver, call: Caller, value: str) -> None:
    answer = call(Call(headers=(("Authorization", value),)))
    challenge = (
        f'{REALM}, error="invalid_request", error_description="the Authorization header does not hold one token"'
    )
    refused(driver, answer, 400, "request_malformed", challenge)


@pytest.mark.parametrize("value", ["Bearer", "Bearer "])
def test_a_scheme_alone_is_refused(driver: Driver, call: Caller, value: str) -> None:
    assert call(Call(headers=(("Authorization", value),))).status == driver.statuses.get(400, 400)


def test_several_spaces_may_stand_before_the_token(call: Caller) -> None:
    """RFC 9110 section 11.4."""
    assert call(Call(headers=(("Authorization", "Bearer   " + token()),))).status == 200


def test_a_missing_scope_is_named_with_all_that_are_needed(driver: Driver, call: Caller) -> None:
    answer = call(bearer(token(), "write"))
    challenge = (
        f'{REALM}, error="insufficient_scope", error_description="the token lacks the scope `orders:write`", '
        'scope="orders:read orders:write"'
    )
    refused(driver, answer, 403, "scope_missing", challenge)
    assert call(bearer(token(scope="orders:write orders:read"), "write")).status == 200


def test_a_missing_role_is_refused_and_a_present_one_passes(driver: Driver, call: Caller) -> None:
    challenge = f'{REALM}, error="insufficient_scope", error_description="the token\'s subject lacks the role `admin`"'
    refused(driver, call(bearer(token(roles=["staff"]), "admin")), 403, "role_missing", challenge)
    assert call(bearer(token(roles=["staff", "admin"]), "admin")).status == 200


def test_a_sign_in_that_is_too_weak_or_too_old_is_asked_for_again(driver: Driver, call: Caller) -> None:
    """RFC 9470: the challenge says what sign-in would do."""
    too_little: list[dict[str, Any]] = [
        {},
        {"acr": "urn:example:mfa", "auth_time": NOW - 301},
        {"acr": "low", "auth_time": NOW},
    ]
    for sign_in in too_little:
        answer = call(bearer(token(**sign_in), "recent"))
        assert answer.status == driver.statuses.get(401, 401)
        if "challenge" in driver.tells:
            told = answer.told["www-authenticate"]
            assert told.startswith(f'{REALM}, error="insufficient_user_authentication"')
            assert 'acr_values="urn:example:mfa", max_age="300"' in told
    assert call(bearer(token(acr="urn:example:mfa", auth_time=NOW - 300), "recent")).status == 200


def test_a_condition_in_plain_python_is_asked(driver: Driver, call: Caller) -> None:
    answer = call(bearer(token(sub="client-1"), "person"))
    challenge = f'{REALM}, error="insufficient_scope", error_description="the condition `person` is not fulfilled"'
    refused(driver, answer, 403, "condition_not_met", challenge)
    assert call(bearer(token(), "person")).status == 200


@those_that("refuse in the handler")
def test_a_condition_that_fails_within_the_handler_is_a_refusal_too(driver: Driver, call: Caller) -> None:
    challenge = f'{REALM}, error="insufficient_scope", error_description="the condition `owner` is not fulfilled"'
    refused(driver, call(bearer(token(), "owner")), 403, "condition_not_met", challenge)
    assert call(bearer(token(sub="somebody-else"), "owner")).status == 200


def test_while_no_keys_can_be_had_callers_are_asked_to_come_back(driver: Driver, clock: SettableClock) -> None:
    """J85: a 503, and no verdict about the token."""
    with driver.serve(issuer="http://127.0.0.1:1", audience=API, clock=clock) as call:
        answer = call(bearer(token(iss="http://127.0.0.1:1")))
    refused(driver, answer, 503, "keys_unavailable", None)
    if "retry" in driver.tells:
        assert answer.told["retry-after"] == "5"


@those_that("challenge")
def test_the_challenge_points_to_the_metadata_of_the_api(driver: Driver, clock: SettableClock) -> None:
    with driver.serve(**protected(clock, resource_metadata=API + "/.well-known/oauth-protected-resource")) as call:
        told = call(Call()).told["www-authenticate"]
    assert told == f'{REALM}, resource_metadata="{API}/.well-known/oauth-protected-resource"'


def test_where_dpop_is_demanded_an_unbound_token_is_refused(driver: Driver, clock: SettableClock) -> None:
    """RFC 9449 section 7.1."""
    with driver.serve(**protected(clock, sender=SenderPolicy(dpop="require"))) as call:
        answer = call(bearer(token()))
    assert answer.status == driver.statuses.get(401, 401)
    if "challenge" in driver.tells:
        assert answer.told["www-authenticate"].startswith("DPoP ")


def test_callers_at_the_same_time_get_their_own_answers(call: Caller) -> None:
    def ask(number: int) -> bool:
        if number % 3 == 0:
            return call(bearer(token()[:-6] + "AAAAAA")).status != 200
        answer = call(bearer(token(sub=f"user-{number}")))
        return (answer.status, answer.body) == (200, {"sub": f"user-{number}"})

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(24)))
