"""Asking the issuer about opaque tokens (RFC 7662; THREATS O45, J61, J65)."""

import json
import logging
from base64 import b64decode
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
from tests.verify.proofs import TOKEN, proof
from tests.verify.tokens import ABSENT, API, ISSUER, NOW, claims

from watchword.clock import SettableClock
from watchword.fetch import InProcessAnswer, InProcessRequest, danger_answer_in_process
from watchword.jose import Key
from watchword.verify.credentials import ResourceCredentials
from watchword.verify.errors import (
    IntrospectionUnavailableError,
    MalformedTokenError,
    SenderProofMissingError,
    TokenInactiveError,
    VerificationError,
)
from watchword.verify.introspection import Introspector
from watchword.verify.key_address import KeyAddress
from watchword.verify.presented import PresentedToken
from watchword.verify.profiles import PROFILES
from watchword.verify.sender import SenderCheck, SenderPolicy
from watchword.verify.settings import Expectations

INSIDE = "http://issuer:8400"
OPAQUE = "canary-token"
CREDENTIALS = ResourceCredentials("api 1", "canary:secret")
EXPECTED = Expectations(ISSUER, (API, "https://api.example.net"), PROFILES[0], ("ES256",), 0.0)
ADDRESS = KeyAddress(ISSUER, INSIDE + "/.well-known/openid-configuration", None, danger_allow_http=True)


class IntrospectingIssuer:
    """Answers metadata, and ``answer`` about every token; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[InProcessRequest] = []
        self.metadata: Any = {"issuer": ISSUER, "introspection_endpoint": ISSUER + "/introspect"}
        self.answer: Any = {"active": True, "token_type": "Bearer", **claims()}
        self.status = 200
        self.is_away = False

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.asked]

    def __call__(self, request: InProcessRequest) -> InProcessAnswer:
        self.asked.append(request)
        if self.is_away:
            raise ConnectionRefusedError
        document, status = (self.answer, self.status) if request.method == "POST" else (self.metadata, 200)
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return InProcessAnswer(status, {"content-type": "application/json"}, body)

    def says(self, **changes: Any) -> None:
        """Answer with a good token's claims, changed."""
        self.answer = {"active": True, **claims(**changes)}


@pytest.fixture
def issuing() -> Iterator[IntrospectingIssuer]:
    issuer = IntrospectingIssuer()
    with danger_answer_in_process(INSIDE, issuer):
        yield issuer


@pytest.fixture
def introspector(clock: SettableClock) -> Introspector:
    return Introspector(EXPECTED, ADDRESS, CREDENTIALS, clock=clock)


def refusal(introspector: Introspector, token: str = OPAQUE) -> str:
    with pytest.raises(VerificationError) as caught:
        introspector.introspect(token)
    assert "canary" not in f"{caught.value!r} {caught.value} {caught.value.detail} {caught.value.__cause__!r}"
    return caught.value.code


def test_an_active_token_says_whom_it_speaks_for(issuing: IntrospectingIssuer, introspector: Introspector) -> None:
    verified = introspector.introspect(OPAQUE)
    assert (verified.sub, verified.client_id, verified.expires_at) == ("user-1", "client-1", NOW + 300)
    assert (sorted(verified.scopes), sorted(verified.roles)) == (["orders:read", "orders:write"], ["staff"])
    assert not verified.is_client


@pytest.mark.anyio
async def test_the_other_way_of_asking_does_the_same(issuing: IntrospectingIssuer, introspector: Introspector) -> None:
    assert (await introspector.aintrospect(OPAQUE)).sub == "user-1"
    assert (await introspector.aintrospect(OPAQUE)).sub == "user-1"
    assert issuing.paths == ["/.well-known/openid-configuration", "/introspect", "/introspect"]
    issuing.answer = {"active": False}
    with pytest.raises(TokenInactiveError):
        await introspector.aintrospect(OPAQUE)
    issuing.is_away = True
    with pytest.raises(IntrospectionUnavailableError):
        await introspector.aintrospect(OPAQUE)


def test_it_is_asked_in_the_body_with_our_credentials_and_at_its_address(
    issuing: IntrospectingIssuer, introspector: Introspector
) -> None:
    introspector.introspect(OPAQUE)
    metadata, question = issuing.asked
    assert (metadata.method, metadata.url) == ("GET", ADDRESS.metadata_url)
    assert "authorization" not in metadata.headers
    assert (question.method, question.url) == ("POST", INSIDE + "/introspect")
    assert dict(parse_qsl(question.body.decode())) == {"token": OPAQUE, "token_type_hint": "access_token"}
    scheme, _, encoded = question.headers["authorization"].partition(" ")
    assert (scheme, b64decode(encoded)) == ("Basic", b"api+1:canary%3Asecret")


def test_nothing_is_kept_so_that_a_revoked_token_is_refused_at_once(
    issuing: IntrospectingIssuer, introspector: Introspector
) -> None:
    introspector.introspect(OPAQUE)
    issuing.answer = {"active": False}
    assert refusal(introspector) == "token_inactive"


@pytest.mark.parametrize("active", [False, None, 1, "true", "True", [True], {}, ABSENT])
def test_only_true_is_active(issuing: IntrospectingIssuer, introspector: Introspector, active: Any) -> None:
    issuing.answer = {name: value for name, value in {**claims(), "active": active}.items() if value is not ABSENT}
    assert refusal(introspector) == "token_inactive"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://evil.example"}, "issuer_mismatch"),
        ({"iss": None}, "claim_invalid"),
        ({"aud": ABSENT}, "claim_invalid"),
        ({"aud": []}, "claim_invalid"),
        ({"aud": "https://other.example"}, "audience_mismatch"),
        ({"aud": [API + "/"]}, "audience_mismatch"),
        ({"exp": ABSENT}, "claim_invalid"),
        ({"exp": NOW}, "token_expired"),
        ({"exp": str(NOW + 300)}, "claim_invalid"),
        ({"nbf": NOW + 11}, "token_not_yet_valid"),
        ({"iat": NOW + 11}, "token_not_yet_valid"),
        ({"iat": "yesterday"}, "claim_invalid"),
        ({"client_id": ABSENT}, "claim_invalid"),
        ({"client_id": 1}, "claim_invalid"),
        ({"client_id": "x" * 256}, "claim_invalid"),
        ({"sub": None}, "claim_invalid"),
        ({"sub": ""}, "claim_invalid"),
        ({"sub": ABSENT, "username": "alice"}, "claim_invalid"),
        ({"scope": ["orders:read"]}, "claim_invalid"),
        ({"roles": "staff"}, "claim_invalid"),
    ],
)
def test_one_wrong_member_refuses_the_token(
    issuing: IntrospectingIssuer, introspector: Introspector, changes: dict[str, Any], code: str
) -> None:
    issuing.says(**changes)
    assert refusal(introspector) == code


@pytest.mark.parametrize(
    "changes",
    [
        {"token_type": "refresh_token"},
        {"token_type": "N_A"},
        {"token_type": None},
        {"token_use": "refresh_token"},
        {"token_use": "id"},
        {"typ": "Refresh"},
        {"typ": "ID"},
        {"typ": "Offline"},
        {"typ": "logout+jwt"},
    ],
)
def test_j65_other_active_tokens_are_no_access_tokens(
    issuing: IntrospectingIssuer, introspector: Introspector, changes: dict[str, Any]
) -> None:
    issuing.says(**changes)
    assert refusal(introspector) == "type_mismatch"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": ABSENT},
        {"iat": ABSENT, "jti": ABSENT, "scope": ABSENT, "roles": ABSENT},
        {"aud": ["https://other.example", API]},
        {"aud": "https://api.example.net"},
        {"token_type": "bearer"},
        {"token_use": "access_token"},
        {"typ": "Bearer"},
        {"nbf": NOW, "username": "alice"},
    ],
)
def test_what_issuers_may_leave_out_or_add_is_no_obstacle(
    issuing: IntrospectingIssuer, introspector: Introspector, changes: dict[str, Any]
) -> None:
    issuing.says(**changes)
    verified = introspector.introspect(OPAQUE)
    assert (verified.issuer, verified.sub) == (ISSUER, "user-1")


def test_a_token_without_a_user_speaks_for_its_client(issuing: IntrospectingIssuer, introspector: Introspector) -> None:
    issuing.says(sub=ABSENT)
    verified = introspector.introspect(OPAQUE)
    assert (verified.sub, verified.is_client) == ("client-1", True)


def test_o45_a_bound_opaque_token_is_handed_on_with_its_binding(
    issuing: IntrospectingIssuer, introspector: Introspector, clock: SettableClock
) -> None:
    key = Key.generate("ES256")
    sender = SenderCheck(SenderPolicy(), API, clock)
    issuing.says(token_type="DPoP", cnf={"jkt": key.thumbprint()})
    verified = introspector.introspect(TOKEN)
    sender.check(PresentedToken(TOKEN, "DPoP", (proof(key),), "GET", "/orders"), TOKEN, verified, now=NOW)
    with pytest.raises(SenderProofMissingError):
        sender.check(PresentedToken(TOKEN), TOKEN, verified, now=NOW)


def test_o45_a_token_that_is_bound_to_nobody_knows_what_is_refused(
    issuing: IntrospectingIssuer, introspector: Introspector
) -> None:
    issuing.says(token_type="DPoP")
    assert refusal(introspector) == "claim_invalid"


@pytest.mark.parametrize("token", ["", "a b", "a\n", "=a", "\u00e9", "a&token=b", "x" * (16 * 1024 + 1)])
def test_what_no_token_looks_like_is_not_asked_about(
    issuing: IntrospectingIssuer, introspector: Introspector, token: str
) -> None:
    with pytest.raises(MalformedTokenError):
        introspector.introspect(token)
    assert not issuing.asked


def test_where_to_ask_is_learnt_once_an_hour(
    issuing: IntrospectingIssuer, introspector: Introspector, clock: SettableClock
) -> None:
    for _ in range(3):
        introspector.introspect(OPAQUE)
    assert issuing.paths.count("/.well-known/openid-configuration") == 1
    clock.advance(3600)
    issuing.answer = {"active": True, **claims(exp=NOW + 7200)}
    introspector.introspect(OPAQUE)
    assert issuing.paths.count("/.well-known/openid-configuration") == 2


def test_after_a_failure_the_address_is_looked_up_again(
    issuing: IntrospectingIssuer, introspector: Introspector
) -> None:
    introspector.introspect(OPAQUE)
    issuing.status = 404
    assert refusal(introspector) == "introspection_unavailable"
    issuing.status = 200
    issuing.metadata = {"issuer": ISSUER, "introspection_endpoint": ISSUER + "/moved"}
    introspector.introspect(OPAQUE)
    assert issuing.paths[-1] == "/moved"


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_issuer_is_not_asked_twice_as_much(
    issuing: IntrospectingIssuer, introspector: Introspector, status: int
) -> None:
    issuing.status = status
    for _ in range(3):
        assert refusal(introspector) == "introspection_unavailable"
    assert issuing.paths == ["/.well-known/openid-configuration", *["/introspect"] * 3]


def test_an_issuer_that_is_away_is_not_asked_for_its_metadata_again_and_again(
    issuing: IntrospectingIssuer, introspector: Introspector, clock: SettableClock
) -> None:
    issuing.is_away = True
    for _ in range(20):
        assert refusal(introspector) == "introspection_unavailable"
    assert len(issuing.asked) == 1
    issuing.is_away = False
    clock.advance(5)
    introspector.introspect(OPAQUE)


def test_refused_credentials_are_ours_to_put_right_and_say_so_in_the_log(
    issuing: IntrospectingIssuer, introspector: Introspector, caplog: pytest.LogCaptureFixture
) -> None:
    issuing.status = 401
    with caplog.at_level(logging.DEBUG):
        assert refusal(introspector) == "introspection_unavailable"
        assert refusal(introspector) == "introspection_unavailable"
    assert "our own credentials were refused" in caplog.text
    assert "canary" not in caplog.text
    assert issuing.paths.count("/.well-known/openid-configuration") == 1


@pytest.mark.parametrize(
    ("status", "answer"), [(500, {}), (403, {"active": True}), (302, {}), (200, b"no JSON"), (200, [])]
)
def test_any_other_answer_is_none(
    issuing: IntrospectingIssuer, introspector: Introspector, status: int, answer: Any
) -> None:
    issuing.status, issuing.answer = status, answer
    assert refusal(introspector) == "introspection_unavailable"


def test_an_answer_that_does_not_end_is_not_read(issuing: IntrospectingIssuer, introspector: Introspector) -> None:
    issuing.says(padding="x" * 65536)
    assert refusal(introspector) == "introspection_unavailable"


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example", "introspection_endpoint": ISSUER + "/introspect"},
        {"issuer": ISSUER},
        {"issuer": ISSUER, "introspection_endpoint": "https://elsewhere.example/introspect"},
    ],
)
def test_j91_metadata_that_must_not_be_followed_sends_our_credentials_nowhere(
    issuing: IntrospectingIssuer, introspector: Introspector, metadata: dict[str, Any]
) -> None:
    issuing.metadata = metadata
    assert refusal(introspector) == "introspection_unavailable"
    assert [request.method for request in issuing.asked] == ["GET"]
