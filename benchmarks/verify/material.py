"""The same token for everybody, and its key in every form that somebody wants."""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from watchword.jose import Key, jwt
from watchword.jose.algorithms import BY_NAME

ISSUER = "https://auth.example.com"
AUDIENCE = "https://api.example.com"
TYP = "at+jwt"
# Ed25519 goes by `EdDSA` here, the only name for it that every peer knows; we accept it where the key pins the curve.
HEADER_NAMES = {"Ed25519": "EdDSA"}
ALGORITHMS = ("HS256", "RS256", "ES256", "Ed25519", "ML-DSA-44")


def available() -> tuple[str, ...]:
    """The algorithms of the tables that this Watchword has."""
    return tuple(name for name in ALGORITHMS if HEADER_NAMES.get(name, name) in BY_NAME)


# What our own issuer adds, by which tokens are withdrawn.
WITHDRAWABLE: Mapping[str, Any] = MappingProxyType(
    {"gid": "mQ2r0aV7TtqJxY9b3Zc1Uw", "sid": "pX4k8dE2RsuLwN6v5Yh7Gg", "ww_epoch": [9, 9, 9]}
)


def claims(number: int = 0, *, also: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What an access token of RFC 9068 section 2.2 says, and ``also``; different for each ``number``."""
    now = int(time.time())
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "5hKjR0b1T0aYt5yqvYwzPg",
        "client_id": "s6BhdRkqt3XK1mVbN0pQeA",
        "scope": "openid profile orders:read orders:write",
        "roles": ["clerk", "auditor"],
        "jti": f"dbe39bf3a3ba4238a513f51d{number:08x}",
        "iat": now,
        "exp": now + 6 * 3600,
        **(also or {}),
    }


@dataclass(frozen=True, slots=True)
class Material:
    """One algorithm: its key, its token, and the parts that raw OpenSSL wants.

    Args:
        alg: the algorithm as tables name it.
        header_alg: the ``alg`` of the token.
        key: ours.
        private: the same as an object of ``cryptography``; for HMAC the secret's octets.
        token: what everybody verifies.
        token_without_audience: the same less ``aud``, for a peer that can be told none.
    """

    alg: str
    header_alg: str
    key: Key
    private: Any
    token: str
    token_without_audience: str

    @property
    def public(self) -> Any:
        """The public key as an object of ``cryptography``; for HMAC the secret."""
        return self.private if isinstance(self.private, bytes) else self.private.public_key()

    @property
    def signing_input(self) -> bytes:
        """What is signed."""
        return self.token.rpartition(".")[0].encode()

    @property
    def raw_signature(self) -> bytes:
        """The signature as OpenSSL reads it: DER for ECDSA."""
        octets = _octets(self.token.rpartition(".")[2])
        if not self.alg.startswith("ES"):
            return octets
        half = len(octets) // 2
        return encode_dss_signature(int.from_bytes(octets[:half], "big"), int.from_bytes(octets[half:], "big"))

    def jwk(self, *, private: bool) -> dict[str, Any]:
        """The JWK, without ``use``, which not everybody reads alike."""
        members = self.key.to_dict(private=private or self.key.is_symmetric)
        return {name: value for name, value in members.items() if name != "use"}

    def pem(self, *, private: bool) -> str:
        """PKCS #8 or SubjectPublicKeyInfo; nothing for a shared secret."""
        if isinstance(self.private, bytes):
            return ""
        if private:
            octets = self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        else:
            octets = self.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return bytes(octets).decode()

    def spoilt(self) -> Mapping[str, str]:
        """Tokens that must not be taken, by what is wrong with them."""
        good = claims()
        wrong = {
            "expired": good | {"iat": good["iat"] - 7200, "exp": good["iat"] - 3600},
            "issuer": good | {"iss": "https://elsewhere.example"},
            "audience": good | {"aud": "https://elsewhere.example"},
        }
        return {"signature": _other_signature(self.token)} | {
            name: jwt.encode(those, self.key, typ=TYP) for name, those in wrong.items()
        }


def make(alg: str, *, also: Mapping[str, Any] | None = None) -> Material:
    """A new key for ``alg``, and a token of it that says ``also`` besides."""
    said = claims(also=also)
    header_alg = HEADER_NAMES.get(alg, alg)
    key = Key.generate(header_alg)
    without = {name: value for name, value in said.items() if name != "aud"}
    return Material(
        alg,
        header_alg,
        key,
        _private(key.to_dict(private=True)),
        jwt.encode(said, key, typ=TYP),
        jwt.encode(without, key, typ=TYP),
    )


def for_node(material: Material) -> str:
    """Everything that the script on Node needs, as one line of JSON."""
    told = {
        "alg": material.alg,
        "headerAlg": material.header_alg,
        "token": material.token,
        "spoilt": dict(material.spoilt()),
        "secret": material.jwk(private=True).get("k", ""),
        "publicPem": material.pem(private=False),
        "privatePem": material.pem(private=True),
        "privateJwk": material.jwk(private=True),
        "publicJwk": material.jwk(private=False),
        "kid": material.key.kid,
        "claims": claims(),
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "typ": TYP,
    }
    return json.dumps(told)


def _other_signature(token: str) -> str:
    signed, _, signature = token.rpartition(".")
    middle = len(signature) // 2
    return f"{signed}.{signature[:middle]}{'A' if signature[middle] != 'A' else 'B'}{signature[middle + 1 :]}"


def _private(jwk: Mapping[str, Any]) -> Any:
    if jwk["kty"] == "oct":
        return _octets(jwk["k"])
    if jwk["kty"] == "EC":
        return ec.derive_private_key(_number(jwk["d"]), ec.SECP256R1())
    if jwk["kty"] == "OKP":
        return ed25519.Ed25519PrivateKey.from_private_bytes(_octets(jwk["d"]))
    if jwk["kty"] == "RSA":
        public = rsa.RSAPublicNumbers(_number(jwk["e"]), _number(jwk["n"]))
        return rsa.RSAPrivateNumbers(
            p=_number(jwk["p"]),
            q=_number(jwk["q"]),
            d=_number(jwk["d"]),
            dmp1=_number(jwk["dp"]),
            dmq1=_number(jwk["dq"]),
            iqmp=_number(jwk["qi"]),
            public_numbers=public,
        ).private_key()
    return mldsa.MLDSA44PrivateKey.from_seed_bytes(_octets(jwk["priv"]))


def _octets(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _number(text: str) -> int:
    return int.from_bytes(_octets(text), "big")
