"""Tokens bound to a key: a proof on every request, checked by joserfc (RFC 9449, O45)."""

import json
from base64 import urlsafe_b64decode
from typing import Any

import httpx2
import pytest
from tests.client.libraries import LIBRARIES, Library
from tests.client.machine_issuer import SECRET, MachineIssuer
from tests.client.toy_issuer import shared_key

from watchword.client.dpop import Proofs
from watchword.client.errors import TokenRequestError
from watchword.client.origins import AllowedOrigins, Origin
from watchword.client.protected_request import ProtectedRequest
from watchword.client.tokens import TokenSet
from watchword.clock import SettableClock
from watchword.jose import Key, jws

KEY = Key.generate("ES256")


def credentials(library: Library, machines: MachineIssuer, **changes: Any) -> Any:
    options = {"client_id": "worker", "client_secret": SECRET, "resource": machines.api, "dpop_key": KEY, **changes}
    return library.client_credentials(issuer=machines.issuer, clock=machines.clock, **options)


def claims_of(proof: str) -> dict[str, Any]:
    claims = json.loads(urlsafe_b64decode(proof.split(".")[1] + "=="))
    assert isinstance(claims, dict)
    return claims


def test_a_peer_believes_the_proofs(library: Library, machines: MachineIssuer) -> None:
    auth = credentials(library, machines)
    answers = [library.call(auth, method, f"{machines.api}/orders?page=2") for method in ("GET", "PUT", "GET")]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert machines.counts["token"] == 1
    assert [call.headers["authorization"].split()[0] for call in machines.calls] == ["DPoP"] * 3
    assert "?" not in claims_of(machines.calls[0].headers["dpop"])["htu"]


@pytest.mark.parametrize("alg", ["RS256", "ES384", "Ed25519"])
def test_a_peer_believes_proofs_of_every_kind_of_key(machines: MachineIssuer, alg: str) -> None:
    auth = credentials(LIBRARIES[0], machines, dpop_key=shared_key(alg))
    assert LIBRARIES[0].call(auth, "GET", machines.api).status_code == 200


def test_a_token_that_is_not_bound_is_refused(library: Library, machines: MachineIssuer) -> None:
    """O45: a token that whoever steals it could use is not what was asked for."""
    machines.behaviour.answer = {"token_type": "Bearer"}
    auth = credentials(library, machines)
    with pytest.raises(TokenRequestError, match="not of type DPoP"):
        library.call(auth, "GET", machines.api)
    assert machines.calls == []


def test_a_nonce_of_the_api_is_answered_once_and_remembered(library: Library, machines: MachineIssuer) -> None:
    machines.behaviour.api_nonce = "nonce-1"
    auth = credentials(library, machines)
    assert [library.call(auth, "GET", machines.api).status_code for _ in range(3)] == [200, 200, 200]
    assert len(machines.calls) == 4
    assert machines.counts["token"] == 1
    machines.behaviour.api_nonce = "nonce-2"
    assert library.call(auth, "POST", machines.api, json={"order": 1}).status_code == 200
    assert len(machines.calls) == 6
    assert len({claims_of(call.headers["dpop"])["jti"] for call in machines.calls}) == 6


def test_a_nonce_of_the_token_endpoint_is_answered_once_and_remembered(
    machines: MachineIssuer, clock: SettableClock
) -> None:
    machines.behaviour.token_nonce = "nonce-1"
    auth = credentials(LIBRARIES[0], machines)
    auth._source.token()
    assert machines.counts["token"] == 2
    clock.advance(295)
    auth._source.token()
    assert machines.counts["token"] == 3


def test_an_api_that_always_wants_a_nonce_makes_no_loop(library: Library, machines: MachineIssuer) -> None:
    auth = credentials(library, machines)
    library.call(auth, "GET", machines.api)
    machines.calls.clear()
    machines.behaviour.api_nonce = "nonce-1"
    machines.live.clear()
    machines.behaviour.api_refuses_all = True
    machines.behaviour.challenge = 'DPoP error="use_dpop_nonce"'
    assert library.call(auth, "GET", machines.api).status_code == 401
    assert len(machines.calls) == 2
    assert library.call(auth, "GET", machines.api).status_code == 401
    assert len(machines.calls) == 3


def test_a_token_endpoint_that_always_wants_another_nonce_makes_no_loop(machines: MachineIssuer) -> None:
    machines.behaviour.token_nonce = "nonce-1"
    machines.behaviour.refuse_with = "use_dpop_nonce"
    auth = credentials(LIBRARIES[0], machines)
    with pytest.raises(TokenRequestError, match="use_dpop_nonce"):
        auth._source.token()
    assert machines.counts["token"] <= 2


def test_a_nonce_and_then_a_better_token(library: Library, machines: MachineIssuer) -> None:
    """Both reasons for a second request, one after the other: each is answered once."""
    auth = credentials(library, machines)
    library.call(auth, "GET", machines.api)
    machines.live.clear()
    machines.calls.clear()
    machines.behaviour.api_nonce = "nonce-1"
    machines.behaviour.challenge = 'DPoP error="invalid_token"'
    assert library.call(auth, "GET", machines.api).status_code == 200
    assert machines.counts["token"] == 2


def test_a_body_that_can_be_sent_once_is_not_sent_again_for_a_nonce(library: Library, machines: MachineIssuer) -> None:
    auth = credentials(library, machines)
    machines.behaviour.api_nonce = "nonce-1"
    assert library.call(auth, "POST", machines.api, content=library.stream_of(b"x")).status_code == 401
    assert library.call(auth, "POST", machines.api, content=library.stream_of(b"x")).status_code == 200
    assert len(machines.calls) == 2


def test_a_public_clients_refresh_token_stays_with_its_key(library: Library, machines: MachineIssuer) -> None:
    machines.refresh_tokens["first"] = KEY.thumbprint()
    auth = library.refreshing_tokens(
        TokenSet("old", 0.0, (), "first"),
        on_renewed=[].append,
        issuer=machines.issuer,
        client_id="public",
        resource=machines.api,
        dpop_key=KEY,
        clock=machines.clock,
    )
    assert library.call(auth, "GET", machines.api).status_code == 200
    assert list(machines.refresh_tokens.values()) == [KEY.thumbprint()]


@pytest.mark.parametrize(
    ("url", "htu"),
    [
        ("https://API.example.com:443/a/../b?c=d#e", "https://api.example.com/b"),
        ("https://api.example.com", "https://api.example.com/"),
    ],
)
def test_the_target_is_written_in_its_normal_form(url: str, htu: str) -> None:
    proof = Proofs(KEY, SettableClock(1.0)).proof("GET", url, Origin("https", "api.example.com", 443))
    assert claims_of(proof)["htu"] == htu
    header = jws.split(proof).header
    assert header.kind == "dpop+jwt"
    assert Key.from_dict(header.members["jwk"]).thumbprint() == KEY.thumbprint()


def test_a_target_that_is_no_uri_is_written_as_one() -> None:
    """The libraries send some characters as they are."""
    request = httpx2.Request("GET", "https://user:canary@api.example.com/a|b/[x]?c=|")
    protected = ProtectedRequest(
        request, AllowedOrigins("https://api.example.com"), Proofs(KEY, SettableClock(1.0)), repeatable=True
    )
    protected.attach(TokenSet("token", 0.0))
    assert claims_of(request.headers["dpop"])["htu"] == "https://api.example.com/a%7Cb/%5Bx%5D"


@pytest.mark.parametrize("nonce", ["", 'quo"te', "spa ce", "new\nline", "ü", "x" * 513])
def test_a_nonce_that_is_none_is_not_repeated(nonce: str) -> None:
    proofs, origin = Proofs(KEY, SettableClock(1.0)), Origin("https", "api.example.com", 443)
    assert not proofs.remember(origin, {"dpop-nonce": nonce})
    assert "nonce" not in claims_of(proofs.proof("GET", "https://api.example.com/", origin))


def test_nonces_are_kept_by_origin_and_not_without_bound() -> None:
    proofs = Proofs(KEY, SettableClock(1.0))
    origins = [Origin("https", f"api-{number}.example.com", 443) for number in range(200)]
    for origin in origins:
        assert proofs.remember(origin, {"dpop-nonce": origin.host})
        assert not proofs.remember(origin, {"dpop-nonce": origin.host})
    assert claims_of(proofs.proof("GET", "https://x.example/", origins[-1]))["nonce"] == origins[-1].host
    assert "nonce" not in claims_of(proofs.proof("GET", "https://x.example/", origins[0]))
    assert len(proofs._nonces) <= 64
