"""Whatever is handed in as a token: a documented refusal, the same from both verifiers (THREATS G4, J34-J42)."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.verify.proofs import proof
from tests.verify.tokens import API, ISSUER, NOW, access_token

from watchword.clock import SettableClock
from watchword.jose import Key, KeySet
from watchword.oauth.dpop import ath
from watchword.verify import PresentedToken, TrustedIssuer, VerificationError, Verifier
from watchword.verify.sender import SenderPolicy

KEY, OTHER = Key.generate("Ed25519"), Key.generate("ES256")
TOKEN = access_token(KEY)
BOUND = access_token(KEY, cnf={"jkt": OTHER.thumbprint()})
SEVERAL = [
    TrustedIssuer(issuer=ISSUER, keys=KeySet([KEY])),
    TrustedIssuer(issuer="https://other.example.com", keys=OTHER, profile="keycloak"),
]


def one(**options: Any) -> Verifier:
    return Verifier(**{"issuer": ISSUER, "audience": API, "keys": KEY, "clock": SettableClock(NOW), **options})


VERIFIERS: tuple[Callable[[], Verifier], ...] = (
    one,
    lambda: one(cache=False),
    lambda: one(issuer=None, keys=None, issuers=SEVERAL),
    lambda: one(sender=SenderPolicy(dpop="require")),
)


def outcome(verifier: Verifier, token: Any) -> Any:
    try:
        return dict(verifier.verify(token))
    except VerificationError as error:
        return error.code, error.status, error.public.code


def outcome_on_a_loop(verifier: Verifier, token: Any) -> Any:
    async def verify() -> Any:
        try:
            return dict(await verifier.for_event_loops.verify(token))
        except VerificationError as error:
            return error.code, error.status, error.public.code

    return asyncio.run(verify())


ANY_CHARACTER = st.characters(codec=None, categories=("L", "M", "N", "P", "S", "Z", "Cc", "Cf", "Cs", "Co"))
SEGMENTS = st.sampled_from([*TOKEN.split("."), *BOUND.split("."), "", "e30", "=", "\ud800", "\x00", "A" * 300])
TEXTS = (
    st.text(ANY_CHARACTER, max_size=60)
    | st.lists(SEGMENTS, max_size=6).map(".".join)
    | st.tuples(st.integers(0, len(TOKEN)), st.text(ANY_CHARACTER, max_size=3)).map(
        lambda change: TOKEN[: change[0]] + change[1] + TOKEN[change[0] + 1 :]
    )
)


@pytest.mark.parametrize("make", VERIFIERS)
@given(text=TEXTS)
def test_g4_any_text_is_refused_in_order_and_in_both_verifiers(make: Callable[[], Verifier], text: str) -> None:
    verifier = make()
    expected = outcome(verifier, text)
    assert outcome(verifier, text) == expected
    assert outcome_on_a_loop(make(), text) == expected


@given(TEXTS, st.sampled_from(["Bearer", "DPoP"]), st.lists(TEXTS, max_size=2), TEXTS, TEXTS)
def test_g4_any_request_is_refused_in_order(text: str, scheme: Any, proofs: list[str], method: str, path: str) -> None:
    for token in (text, BOUND):
        presented = PresentedToken(token, scheme, tuple(proofs), method, path)
        assert outcome(one(), presented) == outcome_on_a_loop(one(), presented)


@pytest.mark.parametrize("make", VERIFIERS)
@pytest.mark.parametrize(
    "text",
    [
        "." * 10_000,
        "." * 20_000,
        "A" * 10_000_000,
        TOKEN + "." * 10_000,
        TOKEN.split(".")[0] + "." * 16_000,
        "\ud800" * 100,
    ],
    ids=["10k dots", "20k dots", "10 MB", "dots behind", "a known header and dots", "surrogates"],
)
def test_j36_a_monster_is_malformed(make: Callable[[], Verifier], text: str) -> None:
    verifier = make()
    assert outcome(verifier, text)[0] == "token_malformed"
    with pytest.raises(VerificationError):
        verifier.verify(BOUND)  # a header is known from now on
    assert outcome(verifier, text)[0] == "token_malformed"


@pytest.mark.parametrize("mistake", [None, b"a.b.c", 5, [TOKEN], {}, object()])
def test_what_is_no_token_at_all_is_the_programmers_mistake(mistake: Any) -> None:
    with pytest.raises(TypeError, match="a token is"):
        one().verify(mistake)
    with pytest.raises(TypeError, match="a token is"):
        asyncio.run(one().for_event_loops.verify(mistake))


@pytest.mark.parametrize("face", [outcome, outcome_on_a_loop])
@pytest.mark.parametrize("cache", [True, False])
def test_o40_a_shared_store_is_asked_once_for_each_proof_and_for_nobody_who_is_refused_before(
    face: Callable[[Verifier, Any], Any], *, cache: bool
) -> None:
    """A proof that was spent twice within one request would refuse everybody; one spent on a token that is not
    believed would fill the store.
    """
    claimed: list[str] = []

    class Store:
        def claim(self, key: str, expires_at: float) -> bool:
            del expires_at
            claimed.append(key)
            return claimed.count(key) == 1

    clock = SettableClock(NOW)
    verifier = one(cache=cache, clock=clock, sender=SenderPolicy(replay=Store()))

    def request(jti: str) -> PresentedToken:
        made = proof(OTHER, ath=ath(BOUND), jti=jti, iat=int(clock.now()))
        return PresentedToken(BOUND, "DPoP", (made,), "GET", "/orders")

    for number in range(3):
        assert face(verifier, request(f"proof-{number}"))["sub"] == "user-1"
    assert len(claimed) == 3
    assert face(verifier, request("proof-0"))[0] == "sender_proof_invalid"
    clock.advance(300)
    assert face(verifier, request("proof-9"))[0] == "token_expired"
    assert len(claimed) == 4
