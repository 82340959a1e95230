"""The short way by which tokens are verified says what all the rules say, of tokens that nobody should write (J32-J64).

Whoever takes it is a verifier that has met the header, has learnt an arrangement of claims, or remembers the token.
Whoever does not has met no header and remembers nothing. Both read the same bytes, signed as they are.
"""

import json
import sys
import threading
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.jose.forge import b64, forge
from tests.verify.short_way_payloads import SECOND_API, Payloads, written
from tests.verify.tokens import API, ISSUER, NOW, access_token, claims

from watchword.clock import SettableClock
from watchword.jose import Key, KeySet, base64url
from watchword.jose.algorithms import BY_NAME
from watchword.verify import VerificationError, Verifier
from watchword.verify.ordinary_token import OrdinaryTokens

LONGEST_PAYLOAD = 11_000
STEPS = (-30.0, -10.5, -10.0, -1.0, -0.5, 0.0, 0.5, 1.0, 5.0, 29.5, 30.0)
Outcome = tuple[Any, ...]


@cache
def key_for(alg: str) -> Key:
    if alg[:2] in {"RS", "PS"} and alg != "RS256":  # one key is enough: it takes long to find
        return Key.from_dict({**key_for("RS256").to_dict(private=True), "alg": alg})
    return Key.generate(alg)


def verifier_for(key: Key, clock: SettableClock, **options: Any) -> Verifier:
    return Verifier(
        issuer=ISSUER,
        audience=[API, SECOND_API],
        keys=KeySet([key]),
        algorithms=[key.alg],
        clock=clock,
        **{"cache": False, **options},
    )


def outcome(verifier: Verifier, token: str) -> Outcome:
    """What ``verifier`` says, to the type of each number and the order of the claims."""
    try:
        found = verifier.verify(token)
    except VerificationError as error:
        return type(error), error.code, getattr(error, "claim", None)
    said = (found.issuer, found.sub, found.client_id, found.is_client, found.expires_at)
    return repr(dict(found)), repr(said), found.scopes, found.roles


def by_the_rules(verifier: Verifier, token: str) -> Outcome:
    """What ``verifier`` says, which has met no header."""
    verifier._verification._known = {}
    return outcome(verifier, token)


def arrangements(verifier: Verifier) -> OrdinaryTokens:
    learner = verifier._verification.issuers[0].read_ordinary.__self__  # type: ignore[attr-defined]
    assert isinstance(learner, OrdinaryTokens)
    return learner


class Comparison:
    """Verifiers that take the short way, each in a state of its own, and one that does not."""

    def __init__(self, key: Key, leeway: float) -> None:
        self.clock = SettableClock(NOW)
        self._key = key
        self._rules = verifier_for(key, self.clock, leeway=leeway)
        self._faithful, self._fickle = (verifier_for(key, self.clock, leeway=leeway) for _ in range(2))
        self._remembering = [verifier_for(key, self.clock, leeway=leeway, cache=size) for size in (2, True)]
        for verifier in (self._faithful, self._fickle, *self._remembering):
            verifier.verify(access_token(key))

    def learn(self, payload: bytes) -> None:
        """One verifier keeps to the arrangement of ``payload``, as far as it is one; another follows what comes."""
        kept = arrangements(self._faithful)
        kept._learnt, kept._recognise_learnt = 0, None
        for _ in range(2):
            outcome(self._faithful, forge(self._key, access_header(self._key), payload))
        kept._learnt = 1000
        arrangements(self._fickle)._learnt = 0

    def hold(self, payload: bytes) -> Outcome:
        """All of them say the same of ``payload``."""
        token = forge(self._key, access_header(self._key), payload)
        expected = by_the_rules(self._rules, token)
        asked = [self._faithful, self._fickle, *self._remembering, *self._remembering]
        for verifier in asked:
            assert outcome(verifier, token) == expected, payload
        return expected


@cache
def access_header(key: Key) -> bytes:
    """The very one that `access_token` writes: only that is known."""
    return base64url.decode_text(access_token(key).partition(".")[0])


def compare(key: Key, *, seed: int, arrangements_tried: int, payloads: int) -> set[Any]:
    """The verdicts that came up, of as many payloads in each of so many arrangements."""
    source = Payloads(seed)
    choice = source.random
    comparison = Comparison(key, choice.choice([0, 30]))
    clock = comparison.clock
    verdicts = set()
    for _ in range(arrangements_tried):
        clock.jump(NOW - clock.now())
        base = source.base()
        comparison.learn(written(base))
        for _ in range(payloads):
            if choice.random() < 0.2:
                clock.jump(choice.choice(STEPS) if abs(clock.now() - NOW) < 60 else NOW - clock.now())
            payload = source.spoilt(base)
            if len(payload) <= LONGEST_PAYLOAD:
                expected = comparison.hold(payload)
                verdicts.add(expected[1] if len(expected) == 3 else "good")
    return verdicts


@pytest.mark.parametrize("seed", range(4))
def test_odd_payloads_fare_as_by_all_the_rules(seed: int) -> None:
    verdicts = compare(key_for("HS256"), seed=seed, arrangements_tried=8, payloads=180)
    assert verdicts >= {"good", "token_malformed", "claim_invalid", "token_expired", "token_not_yet_valid"}


@pytest.mark.parametrize("alg", [name for name in BY_NAME if name != "EdDSA"])
def test_so_they_do_under_each_algorithm(alg: str) -> None:
    verdicts = compare(key_for(alg), seed=7, arrangements_tried=2, payloads=12)
    assert verdicts >= {"good", "token_malformed"}


@pytest.mark.parametrize("alg", [name for name in BY_NAME if name != "EdDSA"])
@pytest.mark.parametrize("cached", [False, True])
def test_a_known_header_vouches_for_no_signature(alg: str, *, cached: bool) -> None:
    key = key_for(alg)
    verifier = verifier_for(key, SettableClock(NOW), cache=cached)
    for _ in range(2):
        verifier.verify(access_token(key))
    signed = access_token(key, sub="eve").rpartition(".")[0]
    other = access_token(key).rpartition(".")[2]
    rules = verifier_for(key, SettableClock(NOW))
    for signature in (other, other[:-4], other + "AAAA", "A" * len(other), "A" * (len(other) // 4 * 4), ""):
        expected = by_the_rules(rules, f"{signed}.{signature}")
        assert outcome(verifier, f"{signed}.{signature}") == expected
        assert expected[1] in {"signature_invalid", "token_malformed"}


@given(st.integers(0, 2**32), st.integers(0, 2**32))
def test_an_arrangement_that_was_learnt_from_odd_claims_changes_none_that_follow(first: int, second: int) -> None:
    tokens = OrdinaryTokens(issuer=ISSUER, audiences=(API, SECOND_API))
    one, other = Payloads(first), Payloads(second)
    tokens.read(one.spoilt(one.base()), NOW)
    base = other.base()
    for payload in (written(base), other.spoilt(base), other.spoilt(base)):
        fresh = OrdinaryTokens(issuer=ISSUER, audiences=(API, SECOND_API)).read(payload, NOW)
        found = tokens.read(payload, NOW)
        assert repr(found and (dict(found[0]), *found[1:])) == repr(fresh and (dict(fresh[0]), *fresh[1:]))


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize("name", ['a"b', "a\\b", "\x00", "\n", "\x1f", '"', "\\"])
def test_a_claim_may_be_called_what_no_field_may_be(name: str, *, cached: bool) -> None:
    """Such a token was answered with a `ValueError` where its header had been met."""
    key = key_for("HS256")
    verifier = verifier_for(key, SettableClock(NOW), cache=cached)
    verifier.verify(access_token(key))
    token = forge(key, access_header(key), claims() | {name: 1})
    for _ in range(3):
        assert verifier.verify(token)[name] == 1


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize("inside", ["[" * 5500, "[" * 3000 + "]" * 3000, '{"a":' * 1500 + "1" + "}" * 1500])
def test_j40_a_claim_nested_without_end_is_malformed_under_a_known_header_too(inside: str, *, cached: bool) -> None:
    """It was answered with a `RecursionError`, by whoever skipped it as a claim that is not looked at."""
    key = key_for("HS256")
    verifier = verifier_for(key, SettableClock(NOW), cache=cached)
    for _ in range(2):
        verifier.verify(access_token(key))
    body = json.dumps(claims(), separators=(",", ":"))
    for spoilt in (f'{body[:-1]},"x":{inside}}}', f'{{"x":{inside},{body[1:]}'):
        for _ in range(2):
            assert outcome(verifier, forge(key, access_header(key), spoilt))[1] == "token_malformed"


@pytest.mark.parametrize(("changes", "claim"), [({}, "iat"), ({"nbf": NOW}, "iat"), ({"nbf": NOW + 5}, "nbf")])
def test_a_remembered_token_that_is_early_again_names_the_same_claim(changes: dict[str, Any], claim: str) -> None:
    key, clock = key_for("HS256"), SettableClock(NOW)
    verifier = verifier_for(key, clock, cache=True)
    token = access_token(key, **changes)
    verifier.verify(token)
    clock.jump(-10.5 if claim == "iat" else -6)
    expected = by_the_rules(verifier_for(key, clock), token)
    assert expected[1:] == ("token_not_yet_valid", claim)
    assert outcome(verifier, token) == expected


def test_threads_that_share_a_verifier_are_told_the_same() -> None:
    """While arrangements are learnt, headers met and halves of the cache exchanged."""
    key, clock = key_for("HS256"), SettableClock(NOW)
    source, rules = Payloads(99), verifier_for(key, clock)
    tokens = []
    for _ in range(12):
        base = source.base()
        tokens += [forge(key, access_header(key), payload) for payload in (written(base), source.spoilt(base))]
    expected = {token: by_the_rules(rules, token) for token in tokens}
    shared = [verifier_for(key, clock), verifier_for(key, clock, cache=4)]

    def work(offset: int) -> None:
        for turn in range(220):
            token = tokens[(turn * 5 + offset) % len(tokens)]
            wrong.extend(token for verifier in shared if outcome(verifier, token) != expected[token])
            if turn % 50 == offset:
                shared[0]._verification._known = {}

    wrong: list[str] = []
    at_once(work, 4)
    assert wrong == []


def test_threads_that_ask_for_the_same_claims_first_are_told_the_same() -> None:
    """Claims are made into a dictionary, and read, by whoever asks first; several may."""
    key = key_for("HS256")
    verifier = verifier_for(key, SettableClock(NOW))
    for _ in range(2):
        verifier.verify(access_token(key))
    fresh = [verifier.verify(access_token(key)) for _ in range(300)]
    expected = (claims(), frozenset({"orders:read", "orders:write"}), "user-1", False)

    def work(offset: int) -> None:
        del offset
        for one in fresh:
            found = (dict(one), one.scopes, one.sub, one.is_client)
            if found != expected:
                wrong.append(found)

    wrong: list[Any] = []
    at_once(work, 4)
    assert wrong == []


def at_once(work: Callable[[int], None], count: int) -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)


def test_j34_each_token_has_one_text() -> None:
    """Whatever the last characters of a segment are, of each length modulo 4."""
    key = key_for("Ed25519")
    verifier, rules = verifier_for(key, SettableClock(NOW)), verifier_for(key, SettableClock(NOW))
    verifier.verify(access_token(key))
    for filling in range(4):
        token = access_token(key, sub="u" * (filling + 1))
        head, payload, signature = token.split(".")
        for last in "AQgwBCDEFGIMUYZ059-_+/=\n é":
            for text in (
                f"{head}.{payload}.{signature[:-1]}{last}",
                f"{head}.{payload}.{signature}{last}",
                f"{head}.{payload[:-1]}{last}.{signature}",
                resigned(key, f"{head}.{payload[:-1]}{last}"),
                resigned(key, f"{head}.{payload}{last}"),
            ):
                expected = by_the_rules(rules, text)
                assert outcome(verifier, text) == expected
                if text.startswith(f"{head}.{payload}.") and text != token:
                    assert len(expected) == 3, "the same signature in another text"


def resigned(key: Key, signed: str) -> str:
    """Signed as it is, though no issuer writes it so."""
    return f"{signed}.{b64(key.sign(signed.encode()))}"
