"""Runs the files of C2SP/wycheproof against `watchword.jose` and says what became of every case (THREATS 2.3).

Compact tokens go through `jws.verify`; bytes and signatures, which no token could carry, through `Key.verify`, the
function that `jws.verify` itself calls.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.serialization import load_der_public_key
from tests.vectors import folder
from tests.vectors.der import b64, public_members

from watchword.jose import JOSEError, Key, KeySet, jws
from watchword.jose.algorithms import ASYMMETRIC

ACCEPTED, REFUSED, SKIPPED = "accepted", "refused", "skipped"
AGREES = {("valid", ACCEPTED), ("invalid", REFUSED)}
_SIGNING_KEY = Key.generate("HS256").to_dict(private=True)

# What the name of a file of bare signatures starts with, and the algorithm of its keys.
PRIMITIVES = {
    "ecdsa_secp256r1_sha256_p1363": "ES256",
    "ecdsa_secp384r1_sha384_p1363": "ES384",
    "ecdsa_secp521r1_sha512_p1363": "ES512",
    "ecdsa_secp256k1_sha256_p1363": "ES256K",
    "ed25519": "Ed25519",
    "ed448": "Ed448",
    "hmac_sha256": "HS256",
    "hmac_sha384": "HS384",
    "hmac_sha512": "HS512",
    "mldsa_44_verify": "ML-DSA-44",
    "mldsa_65_verify": "ML-DSA-65",
    "mldsa_87_verify": "ML-DSA-87",
    **{f"rsa_signature_{bits}_sha{digest}": f"RS{digest}" for bits in (2048, 3072, 4096) for digest in (256, 384, 512)},
    "rsa_pss_2048_sha256_mgf1_32": "PS256",
    "rsa_pss_3072_sha256_mgf1_32": "PS256",
    "rsa_pss_4096_sha384_mgf1_48": "PS384",
    "rsa_pss_4096_sha512_mgf1_64": "PS512",
}


class Outcome(NamedTuple):
    """One case: what its authors say of it, and what became of it here."""

    tc_id: int
    wycheproof: str
    ours: str


def run(name: str) -> list[Outcome]:
    """Every case of the file ``name``, below the folder of the vectors."""
    alg = algorithm_of(name)
    found: list[Outcome] = []
    for group in folder.read(name)["testGroups"]:
        cases = _tokens(group) if alg is None else _signatures(group, alg)
        found.extend(Outcome(test["tcId"], test["result"], ours) for test, ours in cases)
    return found


def algorithm_of(name: str) -> str | None:
    """The algorithm of a file of bare signatures; None for one of tokens."""
    return PRIMITIVES.get(name.rpartition("/")[2].removesuffix("_test.json"))


def jwk_of(group: Mapping[str, Any], alg: str) -> dict[str, Any]:
    """The public key of a group as a JWK that says its algorithm."""
    given = group.get("publicKeyJwk") or group.get("keyJwk")
    if given is None and alg.startswith("ML-DSA"):
        given = {"kty": "AKP", "pub": b64(bytes.fromhex(group["publicKey"]))}
    if given is None:
        given = public_members(load_der_public_key(bytes.fromhex(group["publicKeyDer"])))
    return {**given, "alg": alg}


def _judged(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except JOSEError:
        return REFUSED
    return ACCEPTED


def _tokens(group: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    document = group.get("public", group["private"])
    for test in group["tests"]:
        token = test["jws"] if "jws" in test else test["jwe"]
        # A few are in the JSON form, which is to be refused like any other text that is not compact.
        text = token if isinstance(token, str) else json.dumps(token)
        ours = _judged(partial(_verify, text, document))
        # What is encrypted is refused whatever the key, also where the key could verify.
        if "jwe" in test and _judged(partial(_verify, text, _SIGNING_KEY)) == ACCEPTED:
            ours = ACCEPTED
        yield test, ours


def _verify(token: str, document: Mapping[str, Any]) -> None:
    if "keys" in document:
        keys = KeySet.from_dict(document)
        jws.verify(token, keys, algorithms=tuple({key.alg for key in keys}) or ASYMMETRIC)
    else:
        key = Key.from_dict(document)
        jws.verify(token, key, algorithms=(key.alg,))


def _signatures(group: Mapping[str, Any], alg: str) -> Iterator[tuple[dict[str, Any], str]]:
    for test in group["tests"]:
        # A JWS signature has no context (RFC 9964 section 4): these cases ask something that JOSE cannot say.
        if test.get("ctx"):
            yield test, SKIPPED
        elif "tag" in test:
            secret = {"kty": "oct", "alg": alg, "k": b64(bytes.fromhex(test["key"]))}
            yield test, _judged(partial(_check, secret, test["msg"], test["tag"]))
        else:
            yield test, _judged(partial(_check, jwk_of(group, alg), test["msg"], test["sig"]))


def _check(jwk: Mapping[str, Any], message: str, signature: str) -> None:
    Key.from_dict(jwk).verify(bytes.fromhex(message), bytes.fromhex(signature))
