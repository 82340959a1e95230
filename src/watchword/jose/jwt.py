"""JSON Web Tokens (RFC 7519): a signed JSON object of a stated type.

``decode`` answers one question only: *did this key sign these claims, as a token of this type?* Whether the claims
are to be believed now, and here, is for `watchword.verify`.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from watchword.jose import base64url, jws
from watchword.jose.algorithms import ASYMMETRIC, BY_NAME
from watchword.jose.claims import TIME_CLAIMS, numeric_date
from watchword.jose.errors import AlgorithmNotAllowedError, MalformedTokenError, TypeMismatchError
from watchword.jose.header import Header, normal_type
from watchword.jose.json_object import decode_object
from watchword.jose.jwk import Key
from watchword.jose.jwk_set import KeySet


class SignedClaims(Mapping[str, Any]):
    """Claims whose signature holds and which nobody has checked: not their time, not their issuer, not their
    audience. Only this module makes them.
    """

    __slots__ = ("claims", "header")

    def __init__(self, header: Header, claims: dict[str, Any]) -> None:
        self.header = header
        self.claims = claims

    def __getitem__(self, name: str) -> Any:
        return self.claims[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.claims)

    def __len__(self) -> int:
        return len(self.claims)

    def __repr__(self) -> str:
        return f"<SignedClaims {sorted(self.claims)}>"


def encode(claims: Mapping[str, Any], key: Key, *, typ: str = "JWT", embed_public_key: bool = False) -> str:
    """Sign ``claims``.

    Args:
        claims: the claims set; times are seconds since the UTC epoch.
        key: a private key or shared secret; its ``alg`` and ``kid`` go into the header.
        typ: what kind of token this is (RFC 8725 section 3.11), for example ``at+jwt``.
        embed_public_key: put the public key into the header instead of its name, as DPoP proofs want.

    Returns:
        The compact JWT.

    Raises:
        InvalidKeyError: ``key`` cannot sign.
        ClaimError: a time claim is not a time.
    """
    for name in TIME_CLAIMS:
        if name in claims:
            numeric_date(claims, name)
    return jws.sign(msgspec.json.encode(dict(claims)), key, typ=typ, embed_public_key=embed_public_key)


def decode(token: str, key: Key | KeySet, *, algorithms: Sequence[str] = ASYMMETRIC, typ: str = "JWT") -> SignedClaims:
    """Check that ``key`` signed the token and that it is of type ``typ``.

    Args:
        token: the compact JWT.
        key: the key, or the set from which the header's ``kid`` picks one.
        algorithms: the allow-list; the key's own ``alg`` is in any case the only one usable.
        typ: the type the header must state. For ``JWT`` alone the header may be silent, as RFC 7519 section 5.1 allows.

    Raises:
        JOSEError: and which of them says what is wrong, see `watchword.jose.errors`.
        TypeError, ValueError: ``key`` or ``algorithms`` make no sense.
    """
    message = jws.verify(token, key, algorithms=algorithms)
    require_type(message.header, typ)
    return SignedClaims(message.header, decode_object(message.payload))


def decode_message(
    message: jws.UnverifiedMessage, key: Key | KeySet, *, algorithms: Sequence[str] = ASYMMETRIC, typ: str = "JWT"
) -> SignedClaims:
    """`decode`, for a token that was already taken apart to look for its key."""
    verified = jws.verify_message(message, key, algorithms=algorithms)
    require_type(verified.header, typ)
    return SignedClaims(verified.header, decode_object(verified.payload))


def signed(message: jws.UnverifiedMessage, key: Key | KeySet) -> SignedClaims:
    """`decode_message`, for a caller that has looked for the header's algorithm in its allow-list already, and that
    knows by itself which types it takes: one of the two forgotten is a hole, so nearly everybody wants `decode`.

    Raises:
        JOSEError: no key is meant, its algorithm is another, the signature does not fit, or the claims are malformed.
        TypeError: ``key`` is none.
    """
    return SignedClaims(message.header, decode_object(jws.signed_payload(message, key)))


def require_type(header: Header, typ: str) -> None:
    """Refuse a token of another type than ``typ``.

    Raises:
        TypeMismatchError: the header states another type, or none although one is demanded.
    """
    if header.kind == typ:
        return
    expected = normal_type(typ)
    if header.kind != expected and not (header.kind is None and expected == "jwt"):
        raise TypeMismatchError("the token is not of the expected type")


def half_hash(value: str, alg: str) -> str:
    """The value of ``at_hash``, ``c_hash`` and ``s_hash``: the left half of a hash that the ID token's algorithm names
    (OpenID Connect Core section 3.1.3.6).

    Args:
        value: the access token, code or state; ASCII.
        alg: the ``alg`` of the ID token.

    Raises:
        AlgorithmNotAllowedError: no hash belongs to ``alg``; never skipped (THREATS J10).
        MalformedTokenError: ``value`` is not ASCII.
    """
    algorithm = BY_NAME.get(alg)
    if algorithm is None or algorithm.hash_name is None:
        raise AlgorithmNotAllowedError("no hash belongs to this algorithm")
    if not value.isascii():
        raise MalformedTokenError("the hashed value is not ASCII")
    digest = hashlib.new(algorithm.hash_name, value.encode("ascii")).digest()
    return base64url.encode_text(digest[: len(digest) // 2])
