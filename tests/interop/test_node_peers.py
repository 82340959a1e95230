"""Tokens and keys both ways with panva/jose and fast-jwt, for every algorithm that they know."""

from typing import Any

import pytest
from tests.interop.node_peers import PEERS, ask

from watchword.jose import Key, jwt
from watchword.jose.algorithms import ALGORITHMS

pytestmark = pytest.mark.node

ALL = [algorithm.name for algorithm in ALGORITHMS]
NOW = 1_790_000_000
CLAIMS = {"sub": "alice", "exp": NOW + 60, "nbf": NOW, "note": "¡hola! 👋", "nested": {"a": [1, 2.5, None, True]}}
CLASSIC = {"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"}
# What the peers know on every release of Node.js that runs them. jose has ML-DSA only where Node's WebCrypto does: 24.
SHARED = {"jose": CLASSIC | {"Ed25519", "EdDSA"}, "fast-jwt": CLASSIC | {"EdDSA"}}
PERHAPS = {"jose": {"ML-DSA-44", "ML-DSA-65", "ML-DSA-87"}, "fast-jwt": set[str]()}
PAIRS = [(peer, alg) for peer in PEERS for alg in ALL if alg in SHARED[peer] | PERHAPS[peer]]


class Exchange:
    """Everything that all tests ask, asked in one go: starting Node.js costs more than all the answers."""

    def __init__(self) -> None:
        self.keys = {alg: Key.generate(alg) for alg in ALL}
        self.strangers = {alg: Key.generate(alg) for alg in ALL}
        jwks = {}
        for alg, key in self.keys.items():
            # Private for signing; for verifying what an issuer would publish.
            jwks[f"{alg} private"] = key.to_dict(private=True)
            jwks[alg] = key.to_dict(private=key.is_symmetric)
        requests: list[dict[str, Any]] = [{"do": "keys", "keys": jwks}]
        names: list[tuple[str, str, str]] = [("", "", "keys")]
        for peer in PEERS:
            for alg in ALL:
                for name, request in self.questions(alg).items():
                    requests.append({"peer": peer, "alg": alg, "key": alg, "now": NOW, **request})
                    names.append((peer, alg, name))
        self.answers = dict(zip(names, ask(requests), strict=True))

    def questions(self, alg: str) -> dict[str, dict[str, Any]]:
        key = self.keys[alg]
        token = jwt.encode(CLAIMS, key, typ="at+jwt")
        return {
            "knows": {"do": "knows", "key": f"{alg} private"},
            "sign": {
                "do": "sign",
                "key": f"{alg} private",
                "claims": CLAIMS,
                "header": {"typ": "at+jwt", "kid": key.kid},
            },
            "verify": {"do": "verify", "token": token, "typ": "at+jwt"},
            "stranger": {"do": "verify", "token": jwt.encode(CLAIMS, self.strangers[alg], typ="at+jwt")},
            "expired": {"do": "verify", "token": token, "now": NOW + 61},
        }


@pytest.fixture(scope="module")
def exchange() -> Exchange:
    return Exchange()


def require(exchange: Exchange, peer: str, alg: str) -> None:
    if not exchange.answers[peer, alg, "knows"]["knows"]:
        assert alg in PERHAPS[peer]
        pytest.skip(f"{peer} has no {alg} on this release of Node.js; jwcrypto is the peer that has")


@pytest.mark.parametrize(("peer", "alg"), PAIRS)
def test_they_read_ours(exchange: Exchange, peer: str, alg: str) -> None:
    require(exchange, peer, alg)
    assert exchange.answers[peer, alg, "verify"] == {"claims": CLAIMS}
    assert "error" in exchange.answers[peer, alg, "stranger"]
    assert "error" in exchange.answers[peer, alg, "expired"]


@pytest.mark.parametrize(("peer", "alg"), PAIRS)
def test_we_read_theirs(exchange: Exchange, peer: str, alg: str) -> None:
    require(exchange, peer, alg)
    token = exchange.answers[peer, alg, "sign"]["token"]
    key = exchange.keys[alg] if alg.startswith("HS") else exchange.keys[alg].public()
    assert jwt.decode(token, key, algorithms=(alg,), typ="at+jwt").claims == CLAIMS


@pytest.mark.parametrize("peer", PEERS)
def test_a_peer_knows_what_is_claimed_of_it_and_nothing_that_is_left_untested(exchange: Exchange, peer: str) -> None:
    known = {alg for alg in ALL if exchange.answers[peer, alg, "knows"]["knows"]}
    assert SHARED[peer] <= known <= SHARED[peer] | PERHAPS[peer]
