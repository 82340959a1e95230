"""The cached verifier against its uncached twin, for tokens that are bound (THREATS J68, O40, O45, O47)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.verify.proofs import proof
from tests.verify.tokens import ABSENT, API, ISSUER, NOW, access_token

from watchword.clock import SettableClock
from watchword.jose import Key
from watchword.oauth.dpop import ath
from watchword.verify import PresentedToken, VerificationError, Verifier
from watchword.verify.certificate import certificate_thumbprint
from watchword.verify.sender import SenderPolicy

KEY, CLIENT, THIEF = Key.generate("Ed25519"), Key.generate("Ed25519"), Key.generate("Ed25519")
JKT, X5T = CLIENT.thumbprint(), certificate_thumbprint(b"certificate")
BINDINGS: list[Any] = [ABSENT, {"jkt": JKT}, {"x5t#S256": X5T}, {"jkt": JKT, "x5t#S256": X5T}, {"jkt": 5}, {}, None]
TOKENS = [
    access_token(KEY, cnf=cnf, exp=NOW + lifetime, nbf=nbf)
    for cnf in BINDINGS
    for lifetime, nbf in ((300, ABSENT), (5, NOW))
]
REQUESTS = st.tuples(
    st.sampled_from(TOKENS),
    st.sampled_from(["Bearer", "DPoP", "DPoP", None]),
    st.sampled_from([CLIENT, CLIENT, CLIENT, THIEF, None]),
    st.integers(0, 9),
    st.sampled_from(["GET", "GET", "GET", "POST"]),
    st.sampled_from([None, b"certificate", b"certificate", b"another"]),
    st.sampled_from([0, 0, 0, 1, 4, -3]),
)


def request(clock: SettableClock, drawn: tuple[Any, ...]) -> PresentedToken | str:
    token, scheme, key, number, method, certificate, _ = drawn
    if scheme is None:
        return str(token)
    issued_at = int(clock.now())
    proofs = () if key is None else (proof(key, ath=ath(token), jti=f"proof-{number}", iat=issued_at),)
    return PresentedToken(token, scheme, proofs, method, "/orders", certificate)


def outcome(verifier: Verifier, presented: PresentedToken | str) -> Any:
    try:
        return dict(verifier.verify(presented))
    except VerificationError as error:
        return error.code, error.public.code


@pytest.mark.parametrize("dpop", ["accept", "require"])
@given(visits=st.lists(REQUESTS, max_size=12))
def test_remembered_or_not_a_bound_token_needs_the_same_proof(dpop: Any, visits: list[tuple[Any, ...]]) -> None:
    clock = SettableClock(NOW)
    options: dict[str, Any] = {"issuer": ISSUER, "audience": API, "keys": KEY, "clock": clock}
    cached, twin = (Verifier(**options, cache=size, sender=SenderPolicy(dpop=dpop)) for size in (4, False))
    for drawn in visits:
        clock.jump(drawn[-1])
        presented = request(clock, drawn)
        assert outcome(cached, presented) == outcome(twin, presented)


def test_what_the_twins_agree_on_is_not_refusals_alone() -> None:
    clock = SettableClock(NOW)
    verifier = Verifier(issuer=ISSUER, audience=API, keys=KEY, clock=clock)
    drawn = (TOKENS[6], "DPoP", CLIENT, 1, "GET", b"certificate", 0)
    assert outcome(verifier, request(clock, drawn))["cnf"] == BINDINGS[3]
    assert outcome(verifier, request(clock, drawn)) == ("sender_proof_invalid", "sender_proof_invalid")
