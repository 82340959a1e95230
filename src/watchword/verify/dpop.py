"""The rules for DPoP proofs (RFC 9449 section 4.3; THREATS O40-O46, J50). No I/O; time is an argument.

The twelve checks of that section stand below under their numbers. The first, that there is one proof only, is made
where the request is read: `watchword.verify.presented`.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from watchword.jose import base64url, jws
from watchword.jose import claims as rules
from watchword.jose.errors import JOSEError
from watchword.jose.header import Header
from watchword.jose.json_object import decode_object
from watchword.jose.jwk import Key
from watchword.oauth.dpop import PROOF_ALGORITHMS, PROOF_TYPE, ath, normal_uri
from watchword.verify.errors import SenderNonceError, SenderProofError
from watchword.verify.replay import ReplayStore, is_first_use, replay_key

DEFAULT_MAX_AGE = 60.0  # seconds; a proof is made for one request
MAX_METHOD_CHARACTERS = 32
MAX_URI_CHARACTERS = 8192
NONCE_WINDOW = 60  # seconds; a nonce is good for what is left of its window and for the next
_NONCE_PURPOSE = b"watchword DPoP nonce "
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})


class ProofNonces:
    """Nonces that all replicas of a service know without telling one another: HMAC(shared secret, time window).

    Args:
        secret: 32 random bytes or more, the same in every replica.

    https://www.rfc-editor.org/rfc/rfc9449#section-9
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def current(self, now: float) -> str:
        """The nonce to use from ``now`` on."""
        return self._of(int(now // NONCE_WINDOW))

    def check(self, nonce: object, *, now: float) -> float:
        """UTC epoch seconds until which ``nonce`` is good.

        Raises:
            SenderNonceError: it is absent, too old, or none of ours; holds the one to use.
        """
        window = int(now // NONCE_WINDOW)
        text = nonce.encode("utf-8", "surrogatepass") if isinstance(nonce, str) else b""
        for candidate in (window, window - 1):
            if hmac.compare_digest(text, self._of(candidate).encode("ascii")):
                return float((candidate + 2) * NONCE_WINDOW)
        raise SenderNonceError(self._of(window))

    def _of(self, window: int) -> str:
        return base64url.encode_text(hmac.digest(self._secret, _NONCE_PURPOSE + str(window).encode("ascii"), "sha256"))


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that holds and that nobody has asked the `ReplayStore` about yet.

    Args:
        thumbprint: RFC 7638, of the key that made it.
        replay_key: names it in a `ReplayStore`.
        expires_at: UTC epoch seconds from which on it would be refused anyway.
    """

    thumbprint: str
    replay_key: str = field(repr=False)
    expires_at: float


def check_proof(
    proof: str,
    *,
    expected_method: str,
    expected_uri: str,
    now: float,
    expected_thumbprint: str | None = None,
    access_token: str | None = None,
    nonces: ProofNonces | None = None,
    max_age: float = DEFAULT_MAX_AGE,
) -> Proof:
    """What ``proof`` proves. It must still be spent: `spend`.

    Args:
        proof: the value of the ``DPoP`` header.
        expected_method: the method of the request.
        expected_uri: its target, as the client knows it and as `normal_uri` writes it.
        now: UTC epoch seconds.
        expected_thumbprint: of the only key that may have made it: the ``jkt`` of the token's ``cnf``.
        access_token: which came with it, if one did.
        nonces: those that it must use; a good nonce tells the age of a proof, whatever the client's clock says.
        max_age: seconds that may have passed since it was made, where there are no nonces.

    Raises:
        SenderNonceError: it must use a nonce of ours.
        SenderProofError: it does not hold.
    """
    try:
        message = jws.split(proof)  # 2
        if message.header.kind != PROOF_TYPE:  # 4
            raise SenderProofError("the proof is not of the type dpop+jwt")
        if message.header.alg not in PROOF_ALGORITHMS:  # 5
            raise SenderProofError("the proof's algorithm is not an asymmetric one that is supported")
        key = _key_of(message.header)
        thumbprint = key.thumbprint()
        # The second half of 12, asked here already: nobody else's signatures are worth checking.
        if expected_thumbprint is not None and not _same(thumbprint, expected_thumbprint):
            raise SenderProofError("the proof is of another key than the one the token is bound to", dpop=False)
        claims = decode_object(jws.verify_message(message, key, algorithms=PROOF_ALGORITHMS).payload)  # 6
        jti = rules.text(claims, "jti", max_characters=rules.MAX_TOKEN_ID_CHARACTERS)  # 3, and so on below
        _check_request(claims, expected_method, expected_uri)
        if access_token is not None:
            _check_access_token(claims, access_token)
        expires_at = _check_age(claims, nonces, now=now, max_age=max_age)
    except JOSEError as error:
        raise SenderProofError(f"the proof is not valid: {error.sentence}", detail=error.detail) from error
    return Proof(thumbprint, replay_key(thumbprint, jti, expected_uri), expires_at)


def spend(proof: Proof, store: ReplayStore) -> None:
    """Use ``proof``, which nobody may have used before (THREATS O40).

    Raises:
        SenderProofError: somebody has.
        UnavailableError: the store cannot say.
    """
    if not is_first_use(store, proof.replay_key, proof.expires_at):
        raise SenderProofError("the proof was used before")


def _key_of(header: Header) -> Key:
    """7: the public key in the header, which is looked at nowhere else (THREATS J50)."""
    members = header.members.get("jwk")
    if not isinstance(members, dict):
        raise SenderProofError("the proof's header holds no key")
    if members.get("kty") == "oct" or not _PRIVATE_MEMBERS.isdisjoint(members):
        raise SenderProofError("the proof's header holds a key that is not public")
    return Key.from_dict(members, algorithms=(header.alg,))


def _check_request(claims: Mapping[str, Any], method: str, uri: str) -> None:
    """8 and 9."""
    if rules.text(claims, "htm", max_characters=MAX_METHOD_CHARACTERS) != method:
        raise SenderProofError("the proof was made for another method")
    try:
        stated = normal_uri(rules.text(claims, "htu", max_characters=MAX_URI_CHARACTERS))
    except ValueError:
        raise SenderProofError("the claim `htu` of the proof is not a plain http or https URL") from None
    if stated != uri:
        raise SenderProofError("the proof was made for another URL", detail=f"made for {stated}, used at {uri}")


def _check_age(claims: Mapping[str, Any], nonces: ProofNonces | None, *, now: float, max_age: float) -> float:
    """10 and 11. When the proof ceases to be good.

    Section 11.1 lets a nonce of ours stand for ``iat``, and section 8 gives clients with a wrong clock as a reason.
    """
    if "exp" in claims:
        rules.check_expiry(claims, now=now)
    rules.check_not_before(claims, now=now)
    issued_at = rules.numeric_date(claims, "iat")
    if nonces is not None:
        return nonces.check(claims.get("nonce"), now=now)
    if issued_at > now + rules.FUTURE_TOLERANCE:
        raise SenderProofError("the proof comes from the future")
    if now - issued_at > max_age:
        raise SenderProofError("the proof is too old")
    return issued_at + max_age + 1


def _check_access_token(claims: Mapping[str, Any], access_token: str) -> None:
    """12."""
    stated = rules.required(claims, "ath")
    if not isinstance(stated, str) or not _same(stated, ath(access_token)):
        raise SenderProofError("the proof was made for another access token")


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode("utf-8", "surrogatepass"), right.encode("utf-8", "surrogatepass"))
