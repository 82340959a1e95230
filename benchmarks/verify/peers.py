"""The other libraries of Python, each used as its own documentation recommends.

Key objects are made once. Every peer is asked to check all that it can: the signature, an allow-list of one algorithm,
expiry, issuer and audience; what it then really refuses is tried, not believed (`refusals`).
"""

import importlib
import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.verify.material import AUDIENCE, ISSUER, TYP, Material

Verify = Callable[[str], object]
Sign = Callable[[dict[str, Any]], object]


@dataclass(frozen=True, slots=True)
class Peer:
    """One library.

    Args:
        name: as tables name it.
        module: what to import; a peer that is not installed is left out.
        algorithms: what it has of the tables' algorithms, by their names there.
        verifier: makes what verifies one token.
        signer: makes what signs claims, where it signs.
        takes_audience: whether a token may have ``aud`` at all.
    """

    name: str
    module: str
    algorithms: frozenset[str]
    verifier: Callable[[Any, Material], Verify]
    signer: Callable[[Any, Material], Sign] | None
    takes_audience: bool = True

    def load(self) -> Any | None:
        """Its module, or None where it is not installed."""
        try:
            with warnings.catch_warnings(record=True):  # Authlib says at import that joserfc follows it
                return importlib.import_module(self.module)
        except ImportError:
            return None

    def token(self, material: Material) -> str:
        """The token it is given."""
        return material.token if self.takes_audience else material.token_without_audience


def refusals(verify: Verify, spoilt: Mapping[str, str]) -> list[str]:
    """Which of ``spoilt`` are refused."""
    return [what for what, token in spoilt.items() if _is_refused(verify, token)]


def _is_refused(verify: Verify, token: str) -> bool:
    try:
        verify(token)
    except Exception:  # noqa: BLE001  every peer has errors of its own, and to refuse is all that counts here
        return True
    return False


def _pyjwt(jwt: Any, material: Material) -> Verify:
    # A PyJWT object of its own is what `jwt.decode` calls too.
    key, algorithms = material.public, [material.header_alg]

    def verify(token: str) -> object:
        return jwt.decode(token, key, algorithms=algorithms, audience=AUDIENCE, issuer=ISSUER)

    return verify


def _pyjwt_signer(jwt: Any, material: Material) -> Sign:
    key, alg, headers = material.private, material.header_alg, {"kid": material.key.kid, "typ": TYP}
    return lambda claims: jwt.encode(claims, key, algorithm=alg, headers=headers)


def _joserfc(jwt: Any, material: Material) -> Verify:
    key = importlib.import_module("joserfc.jwk").import_key(material.jwk(private=False))
    algorithms = [material.header_alg]
    rules = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER}, aud={"essential": True, "value": AUDIENCE}, exp={"essential": True}
    )

    def verify(token: str) -> object:
        decoded = jwt.decode(token, key, algorithms=algorithms)
        rules.validate(decoded.claims)
        return decoded

    return verify


def _joserfc_signer(jwt: Any, material: Material) -> Sign:
    key = importlib.import_module("joserfc.jwk").import_key(material.jwk(private=True))
    header = {"alg": material.header_alg, "kid": material.key.kid, "typ": TYP}
    algorithms = [material.header_alg]
    return lambda claims: jwt.encode(header, claims, key, algorithms=algorithms)


def _jwcrypto(jwt: Any, material: Material) -> Verify:
    key = importlib.import_module("jwcrypto.jwk").JWK(**material.jwk(private=False))
    algorithms, expected = [material.header_alg], {"iss": ISSUER, "aud": AUDIENCE, "exp": None}

    def verify(token: str) -> object:
        signed = jwt.JWT(jwt=token, key=key, algs=algorithms, check_claims=expected, expected_type="JWS")
        return json.loads(signed.claims)

    return verify


def _jwcrypto_signer(jwt: Any, material: Material) -> Sign:
    key = importlib.import_module("jwcrypto.jwk").JWK(**material.jwk(private=True))
    header, algorithms = {"alg": material.header_alg, "kid": material.key.kid, "typ": TYP}, [material.header_alg]

    def sign(claims: dict[str, Any]) -> object:
        token = jwt.JWT(header=header, claims=claims, algs=algorithms)
        token.make_signed_token(key)
        return token.serialize()

    return sign


def _authlib(jose: Any, material: Material) -> Verify:
    key = jose.JsonWebKey.import_key(material.jwk(private=False))
    jwt = jose.JsonWebToken([material.header_alg])
    options = {
        "iss": {"essential": True, "value": ISSUER},
        "aud": {"essential": True, "value": AUDIENCE},
        "exp": {"essential": True},
    }

    def verify(token: str) -> object:
        claims = jwt.decode(token, key, claims_options=options)
        claims.validate()
        return claims

    return verify


def _authlib_signer(jose: Any, material: Material) -> Sign:
    key = jose.JsonWebKey.import_key(material.jwk(private=True))
    jwt = jose.JsonWebToken([material.header_alg])
    header = {"alg": material.header_alg, "kid": material.key.kid, "typ": TYP}
    return lambda claims: jwt.encode(header, claims, key)


def _clasp(clasp: Any, material: Material) -> Verify:
    # It hands over JSON, not claims, and has no argument for issuer or audience: the issuer is compared here, and
    # tokens with an `aud` it refuses, whatever they say.
    pem = material.pem(private=False).encode()
    if isinstance(material.private, bytes):
        key = clasp.SymmetricKey(material.private, material.header_alg)
    elif material.alg == "RS256":
        key = clasp.AsymmetricKey.from_rsa_pem(pem, material.header_alg)
    elif material.alg == "ES256":
        key = clasp.AsymmetricKey.from_ec_pem(pem, material.header_alg)
    else:
        key = clasp.AsymmetricKey.from_ed_pem(pem, material.header_alg)

    def verify(token: str) -> object:
        claims = json.loads(key.verify(token))
        if claims["iss"] != ISSUER:
            raise ValueError("the token is from another issuer")
        return claims

    return verify


_CLASSIC = frozenset(("HS256", "RS256", "ES256", "Ed25519"))
PEERS: tuple[Peer, ...] = (
    Peer("PyJWT", "jwt", _CLASSIC, _pyjwt, _pyjwt_signer),
    Peer("joserfc", "joserfc.jwt", _CLASSIC, _joserfc, _joserfc_signer),
    Peer("jwcrypto", "jwcrypto.jwt", _CLASSIC | {"ML-DSA-44"}, _jwcrypto, _jwcrypto_signer),
    Peer("Authlib", "authlib.jose", _CLASSIC, _authlib, _authlib_signer),
    Peer("clasp-jwt", "clasp", _CLASSIC, _clasp, None, takes_audience=False),
)
