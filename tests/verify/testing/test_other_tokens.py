"""Opaque tokens, proofs with a nonce, ID tokens and logout tokens: each through what really checks it."""

from typing import Any

import pytest
from tests.verify.testing.test_fake_issuer import API, ISSUER, code

from watchword.clock import SystemClock
from watchword.fetch import get_json, post_form
from watchword.jose import Key
from watchword.verify import (
    AsyncVerifier,
    PresentedToken,
    ResourceCredentials,
    SenderPolicy,
    Verifier,
    VerifierSettingsError,
    verify_id_token,
    verify_logout_token,
)
from watchword.verify.errors import SenderNonceError, VerificationError
from watchword.verify.replay import ProcessReplays
from watchword.verify.testing import FakeIssuer

CREDENTIALS = ResourceCredentials("orders-api", "secret")


def asking(**options: Any) -> Verifier:
    return Verifier(issuer=ISSUER, audience=API, introspection=True, credentials=CREDENTIALS, **options)


def test_opaque_tokens_are_asked_about() -> None:
    verifier = asking()
    with FakeIssuer() as issuer:
        token = issuer.opaque_token("alice", scopes=["orders:read"], roles=["staff"], tenant="t1")
        claims = verifier.verify(token)
        assert (claims.sub, claims["tenant"]) == ("alice", "t1")
        assert claims.scopes == {"orders:read"}
        assert claims.roles == {"staff"}
        assert code(verifier, issuer.token("alice")) == "ok"
        assert code(verifier, "nobody-made-this") == "token_inactive"


@pytest.mark.anyio
async def test_opaque_tokens_are_asked_about_on_event_loops() -> None:
    verifier = AsyncVerifier(issuer=ISSUER, audience=API, introspection=True, credentials=CREDENTIALS)
    with FakeIssuer() as issuer:
        assert (await verifier.verify(issuer.opaque_token("alice"))).sub == "alice"


@pytest.mark.parametrize("profile", ["rfc9068", "keycloak"])
@pytest.mark.parametrize("how", ["token", "subject", "client", "everything"])
def test_opaque_tokens_are_revoked(profile: str, how: str) -> None:
    verifier = asking(profile=profile)
    with FakeIssuer() as issuer:
        mine, others = issuer.opaque_token("alice", client="app"), issuer.opaque_token("bob", client="other")
        assert (code(verifier, mine), code(verifier, others)) == ("ok", "ok")
        what: dict[str, Any] = {"token": mine, "subject": "alice", "client": "app", "everything": True}
        issuer.revoke(**{how: what[how]})
        assert code(verifier, mine) == "token_inactive"
        assert code(verifier, others) == ("token_inactive" if how == "everything" else "ok")


def test_opaque_tokens_expire_and_can_be_for_others() -> None:
    verifier = asking()
    with FakeIssuer() as issuer:
        issuer.freeze()
        token = issuer.opaque_token(expires_in=60)
        assert code(verifier, issuer.opaque_token(audience="https://other.example.com")) == "audience_mismatch"
        assert code(verifier, issuer.opaque_token(dpop_key=Key.generate("ES256"))) == "sender_proof_missing"
        issuer.advance(60)
        assert code(verifier, token) == "token_inactive"


def test_an_issuer_that_is_down_cannot_be_asked() -> None:
    verifier = asking()
    with FakeIssuer() as issuer:
        token = issuer.opaque_token()
        issuer.break_down()
        assert code(verifier, token) == "introspection_unavailable"


def test_only_an_api_with_credentials_is_told() -> None:
    with FakeIssuer(ISSUER, audience=API) as issuer:
        token = issuer.opaque_token()
        endpoint = get_json(ISSUER + "/.well-known/openid-configuration").value["introspection_endpoint"]
        assert post_form(endpoint, [("token", token)]).status == 401
        told = post_form(endpoint, [("token", token)], headers={"authorization": CREDENTIALS.basic()}).body
        assert told is not None
        assert told["active"] is True


def test_proofs_take_up_the_nonce_that_was_asked_for() -> None:
    verifier = Verifier(issuer=ISSUER, audience=API, sender=SenderPolicy(nonce_secret=bytes(32)))
    key = Key.generate("ES256")
    with FakeIssuer() as issuer:
        token = issuer.token(dpop_key=key)

        def present(nonce: str | None) -> PresentedToken:
            headers = issuer.dpop_headers(token, key, method="GET", url=API + "/orders", nonce=nonce)
            return PresentedToken(token, "DPoP", (headers["DPoP"],), "GET", "/orders")

        with pytest.raises(SenderNonceError) as asked:
            verifier.verify(present(None))
        assert code(verifier, present(asked.value.nonce)) == "ok"


def test_id_tokens_are_for_their_client_and_no_api() -> None:
    verifier = Verifier(issuer=ISSUER, audience=API)
    with FakeIssuer(alg="RS256") as issuer:
        now = SystemClock().now()
        token = issuer.id_token("alice", client="web", nonce="n-1", email="alice@example.com")
        claims = verify_id_token(token, issuer.keys, issuer=ISSUER, client_id="web", nonce="n-1", now=now, max_age=60)
        assert (claims.sub, claims["email"]) == ("alice", "alice@example.com")
        assert code(verifier, token) == "type_mismatch"
        with pytest.raises(VerificationError, match="nonce"):
            verify_id_token(token, issuer.keys, issuer=ISSUER, client_id="web", nonce="n-2", now=now)


def test_logout_tokens_say_who_is_gone() -> None:
    with FakeIssuer(ISSUER, audience=API) as issuer:
        token = issuer.logout_token("alice", session="s-1", client="web")
        read = verify_logout_token(
            token,
            issuer.keys,
            issuer=ISSUER,
            client_id="web",
            now=SystemClock().now(),
            seen=ProcessReplays(),
            algorithms=["ES256"],
        )
        assert (read.sub, read.sid) == ("alice", "s-1")


def test_what_cannot_be_revoked_is_said() -> None:
    with FakeIssuer(ISSUER, audience=API) as issuer:
        with pytest.raises(VerifierSettingsError, match="say what to revoke"):
            issuer.revoke()
        with pytest.raises(VerifierSettingsError, match="no token of the issuer"):
            issuer.revoke("opaque-and-unknown")
        with pytest.raises(VerifierSettingsError, match="fault is one of"):
            issuer.break_down("flood")  # type: ignore[arg-type]
