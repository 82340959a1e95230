"""Tokens and keys both ways with PyJWT, joserfc and jwcrypto, for every algorithm that they know."""

import json
from typing import Any

import jwt as pyjwt
import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from jwcrypto import jwk as jwcrypto_jwk
from jwcrypto import jws as jwcrypto_jws

from watchword.jose import Key, jwt
from watchword.jose.algorithms import ALGORITHMS

ALL = [algorithm.name for algorithm in ALGORITHMS]
PYJWT = sorted(set(ALL) & set(pyjwt.algorithms.get_default_algorithms()))
JOSERFC = [row.name for row in ALGORITHMS if row.name != "EdDSA" and row.kty != "AKP"]
JWCRYPTO = [name for name in ALL if name in jwcrypto_jws.default_allowed_algs]
JOSERFC_KEYS: dict[str, Any] = {"EC": ECKey, "RSA": RSAKey, "OKP": OKPKey, "oct": OctKey}
CLAIMS = {"sub": "alice", "exp": 4_000_000_000, "note": "¡hola! 👋", "nested": {"a": [1, 2.5, None, True]}}


def test_every_algorithm_has_a_peer() -> None:
    assert {name for name in ALL if name not in PYJWT and name not in JOSERFC and name not in JWCRYPTO} == set()
    assert {"ML-DSA-44", "ML-DSA-65", "ML-DSA-87", "Ed448"} <= set(JWCRYPTO)
    assert {"HS256", "RS256", "PS256", "ES256", "ES512", "EdDSA"} <= set(PYJWT)


@pytest.mark.parametrize("alg", PYJWT)
def test_pyjwt_reads_ours_and_we_read_theirs(alg: str) -> None:
    key = Key.generate(alg)
    theirs = pyjwt.PyJWK(key.to_dict(private=True), algorithm=alg)
    verifying = theirs if key.is_symmetric else pyjwt.PyJWK(key.to_dict(), algorithm=alg)
    assert pyjwt.decode(jwt.encode(CLAIMS, key), verifying, algorithms=[alg]) == CLAIMS
    token = pyjwt.encode(CLAIMS, theirs.key, algorithm=alg, headers={"kid": key.kid, "typ": "at+jwt"})
    assert jwt.decode(token, key, algorithms=(alg,), typ="at+jwt").claims == CLAIMS


@pytest.mark.parametrize("alg", JOSERFC)
def test_joserfc_reads_ours_and_we_read_theirs(alg: str) -> None:
    key = Key.generate(alg)
    theirs = JOSERFC_KEYS[key.kty].import_key(key.to_dict(private=True))
    assert joserfc_jwt.decode(jwt.encode(CLAIMS, key), theirs, algorithms=[alg]).claims == CLAIMS
    token = joserfc_jwt.encode({"alg": alg, "kid": key.kid}, CLAIMS, theirs, algorithms=[alg])
    assert jwt.decode(token, key, algorithms=(alg,)).claims == CLAIMS


@pytest.mark.parametrize("alg", [name for name in JOSERFC if not name.startswith("HS")])
def test_a_public_key_of_joserfc_is_read(alg: str) -> None:
    key = Key.generate(alg)
    public = JOSERFC_KEYS[key.kty].import_key(key.to_dict()).as_dict(private=False)
    assert Key.from_dict(public).thumbprint() == key.thumbprint()


@pytest.mark.parametrize("alg", JWCRYPTO)
def test_jwcrypto_reads_ours_and_we_read_theirs(alg: str) -> None:
    key = Key.generate(alg)
    theirs = jwcrypto_jwk.JWK(**key.to_dict(private=True))
    ours = jwcrypto_jws.JWS()
    ours.deserialize(jwt.encode(CLAIMS, key))
    ours.verify(theirs, alg=alg)
    assert json.loads(ours.payload) == CLAIMS
    made = jwcrypto_jws.JWS(json.dumps(CLAIMS))
    made.add_signature(theirs, protected=json.dumps({"alg": alg, "kid": key.kid}))
    assert jwt.decode(made.serialize(compact=True), key, algorithms=(alg,)).claims == CLAIMS
    assert theirs.thumbprint() == key.thumbprint()
