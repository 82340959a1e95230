"""A header that was found good once is not looked at again; nothing else may come of that (J01-J12, J36, J42, J90)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.jose.forge import forge
from tests.verify.loopback_issuer import LoopbackIssuer
from tests.verify.tokens import API, ISSUER, NOW, access_token, claims

from watchword.clock import SettableClock
from watchword.jose import Key, KeySet
from watchword.verify import TrustedIssuer, VerificationError, Verifier
from watchword.verify.errors import UnknownKeyError
from watchword.verify.verification import MAX_KNOWN_HEADERS

KEY, OTHER = Key.generate("Ed25519"), Key.generate("ES256")
TOKEN = access_token(KEY)
HEAD, PAYLOAD, SIGNATURE = TOKEN.split(".")


def fresh(**options: Any) -> Verifier:
    settings = {"issuer": ISSUER, "audience": API, "keys": KeySet([KEY, OTHER]), "clock": SettableClock(NOW)}
    return Verifier(**{**settings, "cache": False, **options})


def outcome(verifier: Verifier, token: str) -> Any:
    try:
        return dict(verifier.verify(token))
    except VerificationError as error:
        return error.code


@pytest.fixture(scope="module")
def warm() -> Verifier:
    """One that has met both headers."""
    verifier = fresh()
    verifier.verify(TOKEN)
    verifier.verify(access_token(OTHER))
    return verifier


PIECES = st.sampled_from(
    [
        HEAD,
        PAYLOAD,
        SIGNATURE,
        "",
        ".",
        "..",
        "=",
        "é",
        "\x00",
        "\n",
        " ",
        "A",
        "e30",
        access_token(OTHER).split(".")[0],
    ]
)


@given(token=st.lists(PIECES, max_size=7).map(".".join) | st.lists(PIECES, max_size=7).map("".join))
def test_other_arrangements_fare_as_they_do_at_first_sight(warm: Verifier, token: str) -> None:
    assert outcome(warm, token) == outcome(fresh(), token)


@given(place=st.integers(0, len(TOKEN) - 1), character=st.characters(), inserted=st.booleans())
def test_one_other_character_fares_as_it_does_at_first_sight(
    warm: Verifier, place: int, character: str, inserted: bool
) -> None:
    token = TOKEN[:place] + character + TOKEN[place + (not inserted) :]
    assert outcome(warm, token) == outcome(fresh(), token)


@pytest.mark.parametrize(
    "token",
    [
        f"{HEAD}.{PAYLOAD}",
        f"{HEAD}..{SIGNATURE}",
        f"{HEAD}.{PAYLOAD}.{SIGNATURE}.{SIGNATURE}",
        f"{HEAD}.{PAYLOAD}.{SIGNATURE}.",
        f"{HEAD}.{PAYLOAD}.",
        HEAD,
        HEAD + ".",
        f"{HEAD}.{'A' * 20_000}.{SIGNATURE}",
        f"{HEAD}.{PAYLOAD}é.{SIGNATURE}",
    ],
)
def test_j36_j42_what_is_no_token_is_malformed_after_a_good_one_too(warm: Verifier, token: str) -> None:
    assert outcome(warm, token) in {"token_malformed", "signature_invalid"}
    assert outcome(warm, token) == outcome(fresh(), token)


def test_only_headers_of_good_tokens_are_known() -> None:
    verifier = fresh()
    for spoilt in (TOKEN[:-8] + "AAAAAAAA", access_token(KEY, exp=NOW), access_token(KEY, typ="JWT")):
        with pytest.raises(VerificationError):
            verifier.verify(spoilt)
    assert len(verifier._verification._known) == 0
    verifier.verify(TOKEN)
    assert list(verifier._verification._known) == [HEAD]


def test_few_headers_are_known() -> None:
    verifier = fresh()
    for _ in range(MAX_KNOWN_HEADERS + 5):
        key = Key.generate("Ed25519")
        verifier._verification._only.keys._keys = KeySet([key])  # type: ignore[union-attr]
        verifier.verify(access_token(key))
    assert len(verifier._verification._known) <= MAX_KNOWN_HEADERS


def test_j54_with_several_issuers_a_header_says_too_little() -> None:
    """Two issuers, one key between them and so one header: each is still judged by its own rules."""
    verifier = Verifier(
        audience=API,
        issuers=[TrustedIssuer(issuer=ISSUER, keys=KEY), TrustedIssuer(issuer="https://b.example.com", keys=OTHER)],
        clock=SettableClock(NOW),
        cache=False,
    )
    for _ in range(2):
        assert verifier.verify(TOKEN).issuer == ISSUER
        assert outcome(verifier, access_token(KEY, iss="https://b.example.com")) == "key_unknown"
    assert len(verifier._verification._known) == 0


def test_j90_a_known_header_falls_with_its_key(issuer: LoopbackIssuer, clock: SettableClock) -> None:
    issuer.headers = {"cache-control": "max-age=60"}
    kept, removed = Key.generate("ES256"), Key.generate("Ed25519")
    issuer.keys = [kept, removed]
    verifier = Verifier(issuer=issuer.url, audience=API, clock=clock, revocation="off", cache=False)
    token = access_token(removed, iss=issuer.url)
    verifier.verify(token)
    verifier.verify(token)
    issuer.keys = [kept]
    clock.advance(121)
    with pytest.raises(UnknownKeyError):
        verifier.verify(token)


def test_j90_nor_does_it_outlive_what_may_be_used(issuer: LoopbackIssuer, clock: SettableClock) -> None:
    verifier = Verifier(issuer=issuer.url, audience=API, clock=clock, revocation="off", cache=False)
    token = access_token(issuer.keys[0], iss=issuer.url, exp=NOW + 500_000)
    verifier.verify(token)
    issuer.fails()
    clock.advance(24 * 3600 + 301)
    assert outcome(verifier, token) == "keys_unavailable"


def test_a_header_of_its_own_for_every_token_costs_no_reader_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some issuers put a number into it; a reader takes as long to make as two signatures."""
    verifier = fresh()
    monkeypatch.setattr("watchword.verify.trusted_at_work.OrdinaryTokens", None)
    for number in range(MAX_KNOWN_HEADERS + 2):
        header = {"alg": "Ed25519", "typ": "at+jwt", "kid": KEY.kid, "n": number}
        assert verifier.verify(forge(KEY, header, claims())).sub == "user-1"
