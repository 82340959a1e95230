"""The checks a token passes, in the order in which a verifier makes them, and at which of them it was refused."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from watchword.verify.errors import ClaimInvalidError, VerificationError

# What is asked, by the name of the check.
QUESTIONS: Mapping[str, str] = {
    "form": "It is a JWT in strict compact form",
    "algorithm": "Its algorithm is on the list of allowed ones",
    "keys": "The keys of its issuer can be had",
    "key": "The issuer has published the key it names",
    "signature": "The signature was made with that key",
    "type": "It is of the expected kind",
    "audience": "It was made for this audience",
    "contents": "Every claim that this kind needs is there",
    "issuer": "It names this issuer",
    "times": "It has begun and has not ended",
    "names": "Subject and token have usable names",
    "withdrawn": "It has not been withdrawn",
    "proof": "It may be used without proof of a key",
}
_BY_CODE = {
    "token_malformed": "form",
    "algorithm_not_allowed": "algorithm",
    "keys_unavailable": "keys",
    "key_unknown": "key",
    "signature_invalid": "signature",
    "type_mismatch": "type",
    "audience_mismatch": "audience",
    "issuer_mismatch": "issuer",
    "token_expired": "times",
    "token_not_yet_valid": "times",
    "token_revoked": "withdrawn",
    "sender_proof_missing": "proof",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One check: ``result`` is ``holds``, ``fails``, ``skipped`` or ``open``, since one before it failed."""

    name: str
    result: str
    sentence: str = ""
    code: str = ""

    @property
    def question(self) -> str:
        """What is asked, as a statement."""
        return QUESTIONS[self.name]


def checks(failure: VerificationError | None, claims: Mapping[str, Any], skipped: Mapping[str, str]) -> list[Check]:
    """Every check with its result.

    Args:
        failure: what the verifier raised, if it did.
        claims: of the token, unverified: they only say at which check a claim was missed.
        skipped: the checks that were not made, and why.
    """
    failed = None if failure is None else _place(failure, claims)
    listed = []
    passed = True
    for name in QUESTIONS:
        if failure is not None and name == failed:
            listed.append(Check(name, "fails", failure.sentence, failure.code))
            passed = False
        elif name in skipped:
            listed.append(Check(name, "skipped", skipped[name]))
        else:
            listed.append(Check(name, "holds" if passed else "open"))
    return listed


def _place(failure: VerificationError, claims: Collection[str]) -> str:
    """At which check a verifier raises ``failure``."""
    if failure.code in _BY_CODE:
        return _BY_CODE[failure.code]
    claim = failure.claim if isinstance(failure, ClaimInvalidError) else ""
    if claim in {"aud", "azp"}:
        return "audience"
    if claim in {"exp", "nbf"} or (claim == "iat" and "iat" in claims):
        return "times"
    if claim == "sub" or (claim == "jti" and "jti" in claims):
        return "names"
    return "contents"
