"""The issuer that teams test with: real signatures through the real verifier, in this process alone."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.verify.tokens import NOW

from watchword.clock import SystemClock
from watchword.jose import Key
from watchword.verify import (
    AsyncVerifier,
    KeysUnavailableError,
    PresentedToken,
    TrustedIssuer,
    VerificationError,
    Verifier,
    VerifierSettingsError,
    requirements,
)
from watchword.verify.profiles import PROFILES
from watchword.verify.testing import FakeIssuer
from watchword.verify.testing.fake_issuer import active_issuer
from watchword.verify.testing.shapes import SHAPES

ISSUER = "https://auth.example.com"
API = "https://api.example.com"


@pytest.fixture
def verifier() -> Verifier:
    """As an application makes it: it knows nothing of tests."""
    return Verifier(issuer=ISSUER, audience=API)


@pytest.fixture
def issuer(verifier: Verifier) -> Iterator[FakeIssuer]:
    with FakeIssuer() as active:
        yield active


def code(verifier: Verifier, token: Any) -> str:
    """How the token fares: ``ok``, or the code of its refusal."""
    try:
        verifier.verify(token)
    except VerificationError as error:
        return error.code
    return "ok"


def test_it_stands_in_for_the_issuer_that_is_trusted(verifier: Verifier, issuer: FakeIssuer) -> None:
    assert (issuer.issuer, issuer.audience, issuer.profile) == (ISSUER, API, "rfc9068")
    claims = verifier.verify(issuer.token("alice", scopes=["orders:read"], roles=["staff"], tenant="t1"))
    assert claims.sub == "alice"
    assert claims.scopes == {"orders:read"}
    assert claims.roles == {"staff"}
    assert claims["tenant"] == "t1"
    assert ISSUER + "/.well-known/openid-configuration" in issuer.requests


def test_signatures_are_real(verifier: Verifier, issuer: FakeIssuer) -> None:
    token = issuer.token()
    assert code(verifier, token[:-6] + "AAAAAA") == "signature_invalid"
    with_others_key = FakeIssuer(ISSUER, audience=API).token()
    assert code(verifier, with_others_key) == "key_unknown"


def test_without_it_the_verifier_is_as_it_was(verifier: Verifier) -> None:
    with FakeIssuer() as active:
        token = active.token()
        assert code(verifier, token) == "ok"
    assert verifier.status().cached_tokens == 0
    assert verifier.status().issuers[0].keys.kids == ()


@pytest.mark.anyio
async def test_event_loops_work_too(issuer: FakeIssuer) -> None:
    verifier = AsyncVerifier(issuer=ISSUER, audience=API)
    assert (await verifier.verify(issuer.token("bob"))).sub == "bob"


def test_scopes_can_be_lacking(verifier: Verifier, issuer: FakeIssuer) -> None:
    with pytest.raises(VerificationError, match="orders:write"):
        verifier.verify(issuer.token(scopes=["orders:read"]), require=requirements(scopes=["orders:write"]))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"expires_in": -1}, "token_expired"),
        ({"audience": "https://other.example.com"}, "audience_mismatch"),
        ({"iss": "https://other.example.com"}, "issuer_mismatch"),
        ({"without": ["sub"]}, "claim_invalid"),
        ({"jti": 7}, "claim_invalid"),
    ],
)
def test_tokens_can_be_spoilt(verifier: Verifier, issuer: FakeIssuer, changes: dict[str, Any], expected: str) -> None:
    assert code(verifier, issuer.token(**changes)) == expected


def test_one_string_is_no_list_of_scopes(issuer: FakeIssuer) -> None:
    with pytest.raises(TypeError):
        issuer.token(scopes="orders:read")


def test_time_passes_at_once(verifier: Verifier, issuer: FakeIssuer) -> None:
    token = issuer.token(expires_in=300)
    issuer.freeze()
    assert code(verifier, token) == "ok"
    issuer.advance(299)
    assert code(verifier, token) == "ok"
    issuer.advance(1)
    assert code(verifier, token) == "token_expired"
    assert code(verifier, issuer.token()) == "ok"


def test_time_stands_where_it_is_put_and_is_given_back(verifier: Verifier) -> None:
    with FakeIssuer() as active:
        active.freeze(NOW)
        assert SystemClock().now() == NOW
        active.freeze(NOW + 60)
        assert SystemClock().now() == NOW + 60
        assert verifier.verify(active.token())["iat"] == NOW + 60
    assert abs(SystemClock().now() - time.time()) < 5
    assert abs(SystemClock().monotonic() - time.monotonic()) < 5


def test_keys_rotate(verifier: Verifier, issuer: FakeIssuer) -> None:
    old = issuer.token()
    assert code(verifier, old) == "ok"
    issuer.rotate()
    assert (code(verifier, issuer.token()), code(verifier, old)) == ("ok", "ok")
    issuer.rotate(keep_old=False)
    assert (code(verifier, issuer.token()), code(verifier, old)) == ("ok", "key_unknown")


@pytest.mark.parametrize("how", ["token", "subject", "client", "grant", "session", "everything"])
def test_what_is_revoked_is_refused_at_once(verifier: Verifier, issuer: FakeIssuer, how: str) -> None:
    mine = issuer.token("alice", client="app", gid="g-1", sid="s-1")
    others = issuer.token("bob", client="other", gid="g-2", sid="s-2")
    assert (code(verifier, mine), code(verifier, others)) == ("ok", "ok")
    what: dict[str, Any] = {
        "token": mine,
        "subject": "alice",
        "client": "app",
        "grant": "g-1",
        "session": "s-1",
        "everything": True,
    }
    issuer.revoke(**{how: what[how]})
    assert code(verifier, mine) == "token_revoked"
    assert code(verifier, others) == ("token_revoked" if how == "everything" else "ok")
    if how in {"subject", "client", "everything"}:
        assert code(verifier, issuer.token("alice", client="app")) == "ok"


def test_a_token_revoked_before_anybody_saw_it_is_refused(verifier: Verifier, issuer: FakeIssuer) -> None:
    token = issuer.token()
    issuer.revoke(token)
    assert code(verifier, token) == "token_revoked"


@pytest.mark.parametrize("fault", ["unreachable", "error", "empty", "nonsense"])
def test_an_issuer_that_breaks_down_costs_a_running_service_nothing(
    verifier: Verifier, issuer: FakeIssuer, fault: Any
) -> None:
    token = issuer.token()
    assert code(verifier, token) == "ok"
    issuer.break_down(fault)
    assert code(verifier, token) == "ok"
    issuer.break_down(fault, forget=True)
    with pytest.raises(KeysUnavailableError):
        verifier.verify(token)
    issuer.mend()
    assert code(verifier, token) == "ok"


def test_keys_of_somebody_else_verify_nothing(verifier: Verifier, issuer: FakeIssuer) -> None:
    issuer.break_down("foreign", forget=True)
    assert code(verifier, issuer.token()) == "key_unknown"


def test_it_answers_wherever_a_verifier_looks() -> None:
    inside = Verifier(
        issuer=ISSUER,
        audience=API,
        metadata_url="http://issuer:8400/.well-known/openid-configuration",
        danger_allow_http=True,
    )
    by_keys = Verifier(issuer=ISSUER, audience=API, jwks_url="https://keys.example.net/deep/jwks.json")
    with FakeIssuer() as active:
        late = Verifier(issuer=ISSUER, audience=API, jwks_url="https://late.example.net/jwks")
        for verifier in (inside, by_keys, late):
            assert code(verifier, active.token()) == "ok"
    assert any(url.startswith("http://issuer:8400/") for url in active.requests)


def test_it_answers_under_further_names() -> None:
    with FakeIssuer(ISSUER, audience=API, names=["http://other-name:9000"]) as active:
        verifier = Verifier(
            issuer=ISSUER,
            audience=API,
            jwks_url="http://other-name:9000/fake-issuer/jwks",
            danger_allow_http=True,
            revocation="off",
        )
        assert code(verifier, active.token()) == "ok"


@pytest.mark.parametrize("profile", [profile.name for profile in PROFILES])
@pytest.mark.parametrize("subject", ["alice", "machine"])
def test_tokens_have_the_shape_of_every_profile(profile: str, subject: str) -> None:
    verifier = Verifier(issuer=ISSUER, audience=API, profile=profile)
    with FakeIssuer() as active:
        assert active.profile == profile
        scopes = [] if (profile, subject) == ("entra", "machine") else ["orders:read"]
        claims = verifier.verify(active.token(subject, client="machine", scopes=scopes, roles=["staff"]))
        assert claims.is_client == (subject == "machine" and profile != "clerk")
        assert subject in claims.sub
        assert claims.client_id == "machine"
        assert claims.scopes == set(scopes)
        assert claims.roles == (set() if profile == "clerk" else {"staff"})
    assert set(SHAPES) == {known.name for known in PROFILES}


def test_several_issuers_are_played_one_by_one() -> None:
    several = Verifier(
        audience=API,
        issuers=[TrustedIssuer(issuer=ISSUER), TrustedIssuer(issuer="https://b.example.com", profile="auth0")],
    )
    with FakeIssuer() as nobody, pytest.raises(VerifierSettingsError, match="say issuer="):
        nobody.token()
    with FakeIssuer(ISSUER) as first, FakeIssuer("https://b.example.com") as second:
        assert several.verify(first.token("alice")).issuer == ISSUER
        assert several.verify(second.token("bob")).issuer == "https://b.example.com"
        assert code(several, first.token(iss="https://b.example.com")) == "key_unknown"


def test_bound_tokens_need_their_proof(verifier: Verifier, issuer: FakeIssuer) -> None:
    key = Key.generate("ES256")
    token = issuer.token(dpop_key=key)
    assert code(verifier, token) == "sender_proof_missing"
    headers = issuer.dpop_headers(token, key, method="GET", url=API + "/orders?page=2")
    presented = PresentedToken(token, "DPoP", (headers["DPoP"],), "GET", "/orders")
    assert (code(verifier, presented), code(verifier, presented)) == ("ok", "sender_proof_invalid")


def test_a_verifier_that_is_given_keys_can_be_given_these() -> None:
    with FakeIssuer(ISSUER, audience=API) as active:
        offline = Verifier(issuer=ISSUER, audience=API, keys=active.keys)
        assert code(offline, active.token()) == "ok"
    assert active.requests == []


def test_a_profile_without_a_feed_revokes_nothing() -> None:
    with pytest.raises(VerifierSettingsError, match="feed"):
        FakeIssuer(ISSUER, profile="okta").revoke(subject="alice")


def test_only_one_stands_for_an_issuer(issuer: FakeIssuer) -> None:
    assert issuer.issuer == ISSUER
    with pytest.raises(VerifierSettingsError, match="already"):
        FakeIssuer(ISSUER, audience=API).start()
    assert active_issuer() is issuer
