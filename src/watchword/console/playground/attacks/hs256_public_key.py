"""Take what is public for what is secret: the confusion of algorithms."""

import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from watchword.console.playground.attacks.attack import Source, refused
from watchword.console.playground.attacks.forgery import forge, forged_claims, header_of
from watchword.console.playground.bench import Bench, answer_of
from watchword.console.playground.flow import FlowError
from watchword.console.playground.run import Trial
from watchword.jose import base64url


class Hs256PublicKey:
    """Fetch the issuer's public key, and use its text as the shared secret of an HMAC."""

    name = "hs256-public-key"
    title = "Sign with the public key"
    sentence = "The header says HS256, and the issuer's public key, which everybody may fetch, is the HMAC's secret."
    why = (
        "An API that lets the header choose the algorithm takes its own copy of the public key for a shared secret, "
        "and then everybody can sign."
    )
    sources: tuple[Source, ...] = (
        Source("RFC 8725, section 3.1", "https://www.rfc-editor.org/rfc/rfc8725#section-3.1"),
        Source("RFC 8725, section 2.1", "https://www.rfc-editor.org/rfc/rfc8725#section-2.1"),
    )
    needs = frozenset({"access_token"})
    ends_the_run = False

    async def run(self, bench: Bench) -> Trial:
        """See `Attack.run`."""
        assert bench.run.held is not None
        token = bench.run.held.access_token
        steps = [
            await bench.fetch_keys(
                "attacker", "Fetch the public keys", "They are published for everybody; that is what they are for."
            )
        ]
        jwk = _named(answer_of(steps[0]).get("keys"), header_of(token).get("kid"))
        secrets = (("its PEM text", _pem(jwk)), ("its JWK", json.dumps(jwk, separators=(",", ":")).encode()))
        forged = ""
        for what, secret in secrets:
            forged = forge({**header_of(token), "alg": "HS256"}, forged_claims(token), _mac(secret))
            steps.append(
                await bench.call_api(
                    forged,
                    f"Present a token signed with {what}",
                    "The key serves one algorithm, which is written beside it; HS256 is none that this API takes.",
                    source="attacker",
                )
            )
        return refused(bench, *steps, token=forged, attempts=len(secrets))


def _named(keys: Any, kid: Any) -> Mapping[str, Any]:
    for key in keys if isinstance(keys, list) else ():
        if isinstance(key, dict) and key.get("kid") == kid and key.get("crv") == "P-256":
            return key
    raise FlowError("the key that signed the token is published no more: get a new token first")


def _pem(jwk: Mapping[str, Any]) -> bytes:
    """The SubjectPublicKeyInfo, as APIs keep it in a file."""
    x, y = (int.from_bytes(base64url.decode_text(str(jwk[name])), "big") for name in ("x", "y"))
    key = EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _mac(secret: bytes) -> Callable[[bytes], bytes]:
    return lambda signed: hmac.digest(secret, signed, "sha256")
