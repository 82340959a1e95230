"""What whoever is refused is told, and what they are not (THREATS J93, O45, O47; RFC 6750 section 3)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.verify.loopback_issuer import LoopbackIssuer
from tests.verify.proofs import proof
from tests.verify.tokens import ABSENT, API, ISSUER, NOW, access_token

from watchword.clock import SettableClock
from watchword.jose import Key, KeySet, jwt
from watchword.oauth.dpop import ath
from watchword.verify import VerificationError, VerifierSettingsError, requirements
from watchword.verify.certificate import certificate_thumbprint
from watchword.verify.credentials import ResourceCredentials
from watchword.verify.errors import ScopeMissingError, StepUpError, TokenRevokedError
from watchword.verify.protection import Protection, Refusal
from watchword.verify.sender import SenderPolicy

KEY, OTHER, CLIENT, THIEF = (Key.generate("ES256") for _ in range(4))
CERTIFICATE = b"the certificate of the client"
REALM = f'realm="{API}"'


def protection(**options: Any) -> Protection:
    return Protection(
        **{"issuer": ISSUER, "audience": API, "keys": KEY.public(), "clock": SettableClock(NOW), **options}
    )


def refuse(guard: Protection, *headers: str, proofs: tuple[str, ...] = (), **request: Any) -> Refusal:
    try:
        presented = guard.present(authorization=headers, proofs=proofs, method="GET", path="/orders", **request)
        guard.admit(presented)
    except VerificationError as error:
        return guard.refusal(error)
    pytest.fail("it was admitted")


def told(refusal: Refusal) -> bytes:
    """Everything that reaches whoever asked."""
    return json.dumps([refusal.status, refusal.headers, dict(refusal.body)]).encode()


UNTRUSTWORTHY = {
    "forged": "Bearer " + access_token(OTHER),
    "signed by another key of that name": "Bearer " + jwt.encode({"iss": ISSUER}, Key.generate("ES256", kid=KEY.kid)),
    "of another issuer": "Bearer " + access_token(KEY, iss="https://other.example.com"),
    "of no issuer": "Bearer " + access_token(KEY, iss=ABSENT),
    "for another audience": "Bearer " + access_token(KEY, aud="https://other.example.com"),
    "early": "Bearer " + access_token(KEY, nbf=NOW + 60),
    "an ID token": "Bearer " + access_token(KEY, typ="JWT"),
    "without a subject": "Bearer " + access_token(KEY, sub=ABSENT),
    "expired, for another audience": "Bearer " + access_token(KEY, exp=NOW - 1, aud="https://other.example.com"),
    "bound to a key, good": "Bearer " + access_token(KEY, cnf={"jkt": CLIENT.thumbprint()}),
    "bound to a key, good, as DPoP without proof": "DPoP " + access_token(KEY, cnf={"jkt": CLIENT.thumbprint()}),
    "bound to a certificate, good": "Bearer "
    + access_token(KEY, cnf={"x5t#S256": certificate_thumbprint(CERTIFICATE)}),
    "bound in another way": "Bearer " + access_token(KEY, cnf={"kid": "x"}),
    "not bound, good, as DPoP": "DPoP " + access_token(KEY),
}


@pytest.mark.parametrize("options", [{}, {"sender": SenderPolicy()}, {"sender": SenderPolicy(dpop="require")}])
def test_j93_all_tokens_that_are_not_believed_are_refused_in_the_same_bytes(options: dict[str, Any]) -> None:
    """Whoever found a token learns nothing of it: not even that it is good, and bound to somebody else's key."""
    guard = protection(**options)
    answers = {name: refuse(guard, header) for name, header in UNTRUSTWORTHY.items()}
    assert {name: told(answer) for name, answer in answers.items()} == dict.fromkeys(
        answers, told(answers["of another issuer"])
    )
    assert answers["of another issuer"].body["code"] == "token_invalid"
    assert len({answer.cause.code for answer in answers.values()}) > 6


def test_a_service_that_was_told_nothing_of_dpop_does_not_speak_of_it() -> None:
    challenge = f'Bearer {REALM}, error="invalid_token", error_description="the token is not valid here"'
    for header in UNTRUSTWORTHY.values():
        assert refuse(protection(), header).headers[0] == ("WWW-Authenticate", challenge)


def test_j93_a_thiefs_own_proof_and_certificate_tell_them_nothing() -> None:
    guard = protection(sender=SenderPolicy())
    bound = access_token(KEY, cnf={"jkt": CLIENT.thumbprint()})
    certified = access_token(KEY, cnf={"x5t#S256": certificate_thumbprint(CERTIFICATE)})
    forged = access_token(OTHER)
    expected = told(refuse(guard, "Bearer " + forged))
    assert told(refuse(guard, "DPoP " + bound, proofs=(proof(THIEF, ath=ath(bound)),))) == expected
    assert told(refuse(guard, "DPoP " + forged, proofs=(proof(THIEF, ath=ath(forged)),))) == expected
    assert told(refuse(guard, "Bearer " + certified, certificate=b"the thief's")) == expected
    assert told(refuse(guard, "Bearer " + forged, certificate=b"the thief's")) == expected


def test_j93_a_withdrawn_token_is_refused_like_one_that_never_was() -> None:
    guard = protection()
    expected = told(refuse(guard, UNTRUSTWORTHY["forged"]))
    for kind in ("token", "grant", "session", "key", "subject", "client", "all"):
        assert told(guard.refusal(TokenRevokedError(kind))) == expected


def test_j93_what_an_issuer_says_of_an_opaque_token_stays_here(issuer: LoopbackIssuer) -> None:
    metadata = {"issuer": issuer.url, "introspection_endpoint": issuer.url + "/introspect", "jwks_uri": issuer.url}
    guard = protection(
        issuer=issuer.url,
        keys=None,
        revocation="off",
        introspection=True,
        credentials=ResourceCredentials("api", "s" * 32),
    )
    good = {"active": True, "aud": API, "client_id": "client-1", "exp": NOW + 60, "sub": "user-1"}
    answers = []
    for changes in (
        {"active": False},
        {"aud": "https://other.example.com"},
        {"exp": None},
        {"token_type": "refresh_token"},
        {"cnf": {"jkt": CLIENT.thumbprint()}},
        {"nbf": NOW + 60},
    ):
        documents = {"/.well-known/openid-configuration": metadata, "/introspect": {**good, **changes}}
        with answered(issuer, documents):
            answers.append(refuse(guard, "Bearer opaque"))
    assert len({answer.cause.code for answer in answers}) == 6
    assert {told(answer) for answer in answers} == {told(refuse(protection(issuer=issuer.url), UNTRUSTWORTHY["early"]))}


@contextmanager
def answered(issuer: LoopbackIssuer, documents: dict[str, Any]) -> Iterator[None]:
    """Whatever is asked, posted or not."""
    json_type = {"content-type": "application/json"}
    serves = issuer.serves
    issuer.answer = lambda path: (200, json_type, json.dumps(documents[path]).encode())
    issuer.serves = lambda document, *, path="": None  # type: ignore[method-assign]
    try:
        yield
    finally:
        issuer.serves = serves  # type: ignore[method-assign]
        issuer.recovers()


def test_explained_refusals_say_everything_and_repeat_nothing() -> None:
    guard = protection(danger_explain_refusals=True)
    codes = {refuse(guard, header).body["code"] for header in UNTRUSTWORTHY.values()}
    assert {"sender_proof_missing", "audience_mismatch", "issuer_mismatch", "type_mismatch"} <= codes


@pytest.mark.parametrize("setting", [False, None, "false", "0", 0])
def test_nothing_but_true_explains_refusals(setting: Any) -> None:
    guard = protection(danger_explain_refusals=setting)
    assert refuse(guard, UNTRUSTWORTHY["early"]).body["code"] == "token_invalid"


@pytest.mark.parametrize("member", ['a"b', "a\r\nX: y", "\u00e9", "a b", "\\", "\x7f"])
def test_names_that_no_challenge_can_hold_are_found_where_they_are_written(member: str) -> None:
    """And not at the first refusal, as an error 500."""
    for option in ("scopes", "acr_values"):
        needs: Any = {option: ["good", member]}
        with pytest.raises(ValueError, match=option):
            requirements(**needs)


ANY_TEXT = st.text(st.characters(codec=None), max_size=20)


@given(st.lists(ANY_TEXT, max_size=3), ANY_TEXT)
def test_any_error_of_a_services_own_becomes_one_harmless_header(names: list[str], sentence: str) -> None:
    guard = protection(sender=SenderPolicy())
    for error in (
        ScopeMissingError(sentence, required=names, missing=names),
        StepUpError(sentence, acr_values=names, max_age=5),
    ):
        for name, value in guard.refusal(error).headers:
            assert (name + value).isascii()
            assert (name + value).isprintable()
            assert value.count('"') % 2 == 0


@given(st.lists(ANY_TEXT | st.sampled_from(["Bearer x", "DPoP x", "Bearer  x.y.z", "Bearer x, Bearer y"]), max_size=3))
def test_any_authorization_headers_are_refused_in_order(headers: list[str]) -> None:
    assert refuse(protection(), *headers).status in {400, 401}


@pytest.mark.parametrize(
    "header",
    [
        "Bearer a b",
        "Bearer a,b",
        "Bearer a, Bearer b",
        "Bearer ",
        "Bearer",
        "Bearer =",
        "bearer a=b",
        "DPoP \u00e9",
        "Bearer a\x00",
    ],
)
def test_a_header_that_holds_no_one_token_is_malformed(header: str) -> None:
    assert refuse(protection(), header).status == 400


@pytest.mark.parametrize("header", [" Bearer x", "Bearer\tx", "Basic eDp5", "Bearerx", "Token x", ""])
def test_other_credentials_are_none(header: str) -> None:
    refusal = refuse(protection(), header)
    assert (refusal.status, refusal.headers[0]) == (401, ("WWW-Authenticate", f"Bearer {REALM}"))


def test_a_token_in_the_query_is_refused_even_beside_a_good_one() -> None:
    assert refuse(protection(), "Bearer " + access_token(KEY), query_names=["access_token"]).status == 400


def test_a_503_says_when_to_come_again_and_challenges_nobody(issuer: LoopbackIssuer) -> None:
    issuer.fails(path="/.well-known/openid-configuration")
    guard = protection(issuer=issuer.url, keys=None, revocation="off")
    refusal = refuse(guard, "Bearer " + access_token(KEY, iss=issuer.url))
    assert refusal.status == 503
    assert {name for name, _ in refusal.headers} == {"Retry-After", "Cache-Control"}


def test_o47_behind_a_proxy_the_connections_own_certificate_is_the_proxys() -> None:
    """The proxy proves itself to us by mutual TLS, and hands on whom it has let in."""
    guard = protection(sender=SenderPolicy(danger_certificate_header="Client-Cert"))
    header = "Bearer " + access_token(KEY, cnf={"x5t#S256": certificate_thumbprint(b"client")})
    handed_on = {"certificate": b"proxy", "certificate_header": [":Y2xpZW50:"]}
    assert guard.admit(guard.present(authorization=[header], **handed_on)).sub == "user-1"  # type: ignore[arg-type]
    of_the_proxy = "Bearer " + access_token(KEY, cnf={"x5t#S256": certificate_thumbprint(b"proxy")})
    assert refuse(guard, of_the_proxy, certificate=b"proxy").status == 401


@pytest.mark.parametrize(
    "options",
    [
        {"sender": "dpop"},
        {"sender": 0},
        {"audience": "orders", "sender": SenderPolicy(dpop="require")},
    ],
)
def test_a_sender_policy_that_cannot_work_is_found_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(VerifierSettingsError):
        protection(**options)


def test_an_audience_that_is_no_url_may_have_proofs_with_an_origin() -> None:
    protection(audience="orders", sender=SenderPolicy(dpop="require", origin=API))


def test_readmission_holds_the_token_to_everything_but_its_proof() -> None:
    clock = SettableClock(NOW)
    guard = protection(clock=clock, keys=KeySet([KEY]), sender=SenderPolicy())
    token = access_token(KEY, cnf={"jkt": CLIENT.thumbprint()})
    presented = guard.present(
        authorization=["DPoP " + token], proofs=[proof(CLIENT, ath=ath(token))], method="GET", path="/orders"
    )
    claims = guard.admit(presented)
    guard.readmit(token, claims)
    with pytest.raises(ScopeMissingError):
        guard.readmit(token, claims, requirements(scopes=["admin"]))
    clock.advance(301)
    with pytest.raises(VerificationError):
        guard.readmit(token, claims)
