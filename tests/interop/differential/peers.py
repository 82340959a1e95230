"""The other verifiers, asked all the same: signature, one algorithm, `typ`, `exp` and `nbf`; nothing else."""

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jwt as pyjwt
from joserfc import jws as joserfc_jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jwt import JWTClaimsRegistry
from jwcrypto import jwk as jwcrypto_jwk
from jwcrypto import jws as jwcrypto_jws
from tests.interop.differential.draft import NOW
from tests.interop.node_peers import ask

from watchword.jose import Key
from watchword.jose.jws import MAX_TOKEN_CHARACTERS

TYP = "at+jwt"


@dataclass(frozen=True)
class Case:
    """One token and what it is to be verified with."""

    alg: str
    token: str
    tolerance: int
    mutations: tuple[str, ...] = ()


def is_of_type(header: Mapping[str, Any]) -> bool:
    """RFC 7515 section 4.1.9, for the peers that leave the type to their callers."""
    typ = header.get("typ")
    if not isinstance(typ, str) or not typ.isascii():
        return False
    return typ.lower().removeprefix("application/") == TYP


class PyJWT:
    """PyJWT; its clock is its own, so its two checks of time are called with ours."""

    name = "PyJWT"
    # It has both Edwards curves, but not yet their names of RFC 9864.
    edwards = frozenset({"Ed25519", "Ed448"})
    knows = frozenset(pyjwt.algorithms.get_default_algorithms()) - {"none"} | edwards
    unchecked = ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self.keys = {
            alg: pyjwt.PyJWK(
                key.to_dict(private=key.is_symmetric), algorithm="EdDSA" if alg in self.edwards else alg
            ).key
            for alg, key in keys.items()
            if alg in self.knows
        }
        self.verifier = pyjwt.PyJWT()
        for alg in self.edwards:
            self.verifier._jws.register_algorithm(alg, pyjwt.algorithms.OKPAlgorithm())
        self.options: Any = {"require": ["exp"], **{f"verify_{name}": False for name in self.unchecked}}

    def check_all(self, cases: Sequence[Case]) -> list[bool]:
        return one_by_one(self.check, cases)

    def check(self, case: Case) -> bool:
        key = self.keys[case.alg]
        told = self.verifier.decode_complete(case.token, key, algorithms=[case.alg], options=self.options)
        self.verifier._validate_exp(told["payload"], now=NOW, leeway=case.tolerance)
        if "nbf" in told["payload"]:
            self.verifier._validate_nbf(told["payload"], now=NOW, leeway=case.tolerance)
        return is_of_type(told["header"])


def times_hold(claims: Any, tolerance: int) -> bool:
    """By joserfc's rules; raises where they do not hold."""
    times = {name: claims[name] for name in ("exp", "nbf") if name in claims}
    JWTClaimsRegistry(now=NOW, leeway=tolerance, exp={"essential": True}).validate(times)
    return True


class Joserfc:
    """joserfc, whose registry takes the time as an argument."""

    name = "joserfc"
    knows = frozenset(joserfc_jws.JWSRegistry.algorithms) - {"none"}
    kinds: Mapping[str, Any] = {"EC": ECKey, "RSA": RSAKey, "OKP": OKPKey, "oct": OctKey}

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self.keys = {
            alg: self.kinds[key.kty].import_key(key.to_dict(private=key.is_symmetric))
            for alg, key in keys.items()
            if alg in self.knows
        }

    def check_all(self, cases: Sequence[Case]) -> list[bool]:
        return one_by_one(self.check, cases)

    def check(self, case: Case) -> bool:
        # Members that it does not know are to be ignored (RFC 7515 section 4), as everybody else does.
        registry = joserfc_jws.JWSRegistry(algorithms=[case.alg], strict_check_header=False)
        registry.max_header_length = registry.max_payload_length = MAX_TOKEN_CHARACTERS
        told = joserfc_jws.deserialize_compact(case.token, self.keys[case.alg], registry=registry)
        claims = json.loads(told.payload)
        return isinstance(claims, dict) and times_hold(claims, case.tolerance) and is_of_type(told.headers())


class Jwcrypto:
    """jwcrypto, the one that knows everything that we do."""

    name = "jwcrypto"
    rare = frozenset({"ML-DSA-44", "ML-DSA-65", "ML-DSA-87", "Ed448"})  # fewer than three of the others know them
    everything = frozenset(jwcrypto_jws.default_allowed_algs)

    def __init__(self, keys: Mapping[str, Key], knows: frozenset[str] = everything) -> None:
        self.knows = knows
        self.keys = {
            alg: jwcrypto_jwk.JWK(**key.to_dict(private=key.is_symmetric))
            for alg, key in keys.items()
            if alg in self.knows
        }

    def check_all(self, cases: Sequence[Case]) -> list[bool]:
        return one_by_one(self.check, cases)

    def check(self, case: Case) -> bool:
        told = jwcrypto_jws.JWS()
        told.allowed_algs = [case.alg]
        told.deserialize(case.token, self.keys[case.alg])
        claims = json.loads(told.payload)
        return isinstance(claims, dict) and times_hold(claims, case.tolerance) and is_of_type(told.jose_header)


class Panva:
    """panva/jose, asked for all tokens at once."""

    name = "jose"
    knows = frozenset({"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}) | frozenset(
        {"ES256", "ES384", "ES512", "Ed25519", "EdDSA"}
    )

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self.jwks = {alg: key.to_dict(private=key.is_symmetric) for alg, key in keys.items() if alg in self.knows}

    def check_all(self, cases: Sequence[Case]) -> list[bool]:
        policy = {"do": "verify", "peer": "jose", "now": NOW, "typ": TYP, "quiet": True}
        questions = (
            {**policy, "alg": case.alg, "key": case.alg, "token": case.token, "leeway": case.tolerance}
            for case in cases
        )
        return [answer["accepted"] for answer in ask([{"do": "keys", "keys": self.jwks}, *questions])[1:]]


def one_by_one(check: Callable[[Case], bool], cases: Sequence[Case]) -> list[bool]:
    """A peer's verdicts. Whatever it raises, it did not accept: some raise what is not their own."""
    verdicts = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice to their callers, such as that `EdDSA` is an old name
        for case in cases:
            try:
                verdicts.append(check(case))
            except Exception:  # noqa: BLE001  other people's verifiers: any way of not accepting is a refusal
                verdicts.append(False)
    return verdicts
