"""What is recognised as ordinary is what the rules would let pass, with the same meaning (J38, J56-J64, O45)."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.jose.forge import forge
from tests.verify.tokens import ABSENT, API, ISSUER, NOW, access_token, claims

from watchword.clock import SettableClock
from watchword.jose import Key, KeySet, base64url, jws
from watchword.jose.errors import SignatureInvalidError
from watchword.jose.known_header import KnownHeader
from watchword.verify import VerificationError, Verifier
from watchword.verify.ordinary_token import MAX_LEARNT, OrdinaryTokens

KEY = Key.generate("Ed25519")
AUDIENCES = (API, "https://api.example.net")
MESSAGE = jws.split(access_token(KEY))
HEADER = base64url.decode(MESSAGE.header_segment)
OPENER = KnownHeader(MESSAGE, KEY)
TOKENS = OrdinaryTokens(issuer=ISSUER, audiences=AUDIENCES)
READ = TOKENS.read


def read(token: str) -> Any:
    """The token as it is read once its signature was checked."""
    return READ(OPENER.payload(token), NOW)


def by_the_rules(token: str, *, leeway: float = 0) -> Any:
    """What the rules say, which have met no header before."""
    return told(Verifier(**settings(leeway=leeway)), token)


def settings(**changes: Any) -> dict[str, Any]:
    return {
        "issuer": ISSUER,
        "audience": list(AUDIENCES),
        "keys": KeySet([KEY]),
        "clock": SettableClock(NOW),
        "cache": False,
        **changes,
    }


def told(verifier: Verifier, token: str) -> Any:
    try:
        return meaning(verifier.verify(token))
    except VerificationError as error:
        return error.code


def meaning(verified: Any) -> Any:
    assert isinstance(verified, Mapping)
    names = ("issuer", "sub", "client_id", "scopes", "roles", "is_client", "expires_at")
    return dict(verified), [getattr(verified, name) for name in names]


def warm(**changes: Any) -> Verifier:
    verifier = Verifier(**settings(**changes))
    verifier.verify(access_token(KEY))
    return verifier


NUMBERS = [0, 1, -1, 1.0, 1.5, NOW, NOW + 0.5, float(NOW + 9), NOW + 10, NOW + 11, NOW - 1, NOW + 1]
LARGE = [2**31, 2**53, 2**63, 2**64, 10**19, 253402300799, 253402300800]
TEXTS = ["", "x", "x" * 128, "x" * 129, "x" * 255, "x" * 256, "é", "orders:read", "orders:read  orders:write ", ISSUER]
LISTS = [[], [""], ["staff", "staff"], [1], [API], [API, "x"], ["x"], [["a"]], ["a", None]]
OTHERS = [ABSENT, None, True, False, {}, {"jkt": "x" * 43}, API, AUDIENCES[1], "client-1", "user-1"]
ODD = st.sampled_from([*NUMBERS, *LARGE, *TEXTS, *LISTS, *OTHERS])
NAMES = st.sampled_from(
    ["iss", "aud", "sub", "client_id", "iat", "exp", "nbf", "jti", "scope", "roles", "cnf", "acr", "ww_epoch", "sid"]
)


@given(st.dictionaries(NAMES, ODD, max_size=4), st.sampled_from([0, 30]))
def test_odd_claims_fare_as_by_the_rules(changes: dict[str, Any], leeway: int) -> None:
    token = access_token_of(claims(**changes))
    expected = by_the_rules(token, leeway=leeway)
    assert told(warm(leeway=leeway), token) == expected
    ordinary = read(token)
    if ordinary is not None:
        assert meaning(ordinary[0]) == expected
        assert (ordinary[1], ordinary[2]) == (expected[0]["iat"], expected[0]["exp"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
FURTHER = st.dictionaries(
    st.sampled_from(
        ["acr", "sid", "claim_0", "claim_9", "https://example.com/x", "x y", "", "é", "class", "__slots__"]
    ),
    st.tuples(JSON, JSON),
    max_size=4,
)


@given(FURTHER, st.dictionaries(NAMES, ODD, max_size=2), st.sampled_from([(",", ":"), (", ", ": ")]))
def test_a_learnt_arrangement_changes_no_meaning(
    further: dict[str, Any], changes: dict[str, Any], separators: tuple[str, str]
) -> None:
    tokens = OrdinaryTokens(issuer=ISSUER, audiences=AUDIENCES)
    first = claims() | {name: value for name, (value, _) in further.items()}
    second = claims(**changes) | {name: value for name, (_, value) in further.items()}
    for body in (first, first, second, second, first):
        text = json.dumps(body, separators=separators, ensure_ascii=False)
        found = tokens.read(text.encode(), NOW)
        if found is not None:
            assert meaning(found[0]) == by_the_rules(forge(KEY, HEADER, text))


def test_a_learnt_arrangement_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = OrdinaryTokens(issuer=ISSUER, audiences=AUDIENCES)
    further = {"gid": "g", "ww_epoch": [0, 0, 0], "https://example.com/x": {"a": [1.5, None]}, "claim_0": True}
    assert tokens.read(body_of(further), NOW) is not None
    monkeypatch.setattr("watchword.verify.ordinary_token.decode_object", None)
    found = tokens.read(body_of(further | {"gid": "other"}), NOW)
    assert found is not None
    assert dict(found[0]) == claims() | further | {"gid": "other"}
    with pytest.raises(TypeError):
        tokens.read(body_of({"gid": "g"}), NOW)  # another arrangement is read as if none were known


@pytest.mark.parametrize(
    "twice", ['"sub":"user-1",', '"sub":"eve",', '"gid":"g",', '"\\u0073ub":"eve",', '"nbf":1,', '"cnf":{},']
)
@pytest.mark.parametrize("at_the_end", [False, True])
def test_j38_a_learnt_arrangement_lets_no_name_in_twice(twice: str, *, at_the_end: bool) -> None:
    tokens = OrdinaryTokens(issuer=ISSUER, audiences=AUDIENCES)
    body = body_of({"gid": "g"}).decode()
    assert tokens.read(body.encode(), NOW) is not None
    spoilt = f"{body[:-1]},{twice[:-1]}}}" if at_the_end else "{" + twice + body[1:]
    assert tokens.read(spoilt.encode(), NOW) is None


def test_only_so_many_arrangements_are_learnt() -> None:
    tokens = OrdinaryTokens(issuer=ISSUER, audiences=AUDIENCES)
    for number in range(MAX_LEARNT * 3):
        assert tokens.read(body_of({f"x{number}": 1}), NOW) is not None
    assert tokens._learnt == MAX_LEARNT


def body_of(further: dict[str, Any]) -> bytes:
    return json.dumps(claims() | further, separators=(",", ":")).encode()


def access_token_of(body: dict[str, Any]) -> str:
    """Signed as it is, under the very header that is known."""
    return forge(KEY, HEADER, json.dumps(body, separators=(",", ":")))


def test_most_tokens_are_ordinary() -> None:
    for changes in ({}, {"scope": ABSENT}, {"roles": ABSENT}, {"aud": AUDIENCES[1]}, {"sub": "client-1"}, {"acr": "x"}):
        token = access_token(KEY, **changes)
        ordinary = read(token)
        assert ordinary is not None
        assert meaning(ordinary[0]) == by_the_rules(token)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": NOW},
        {"iat": NOW + 1},
        {"nbf": NOW},
        {"cnf": {"jkt": "x" * 43}},
        {"cnf": None},
        {"aud": [API]},
        {"aud": "x"},
        {"iss": ISSUER + "/"},
        {"iss": [ISSUER]},
        {"jti": ""},
        {"jti": 1},
        {"sub": "x" * 256},
        {"roles": [""]},
        {"scope": []},
        {"exp": True},
        {"exp": str(NOW + 5)},
        {"client_id": None},
        {"big": 2**80},
        {"deep": json.loads("[" * 40 + "]" * 40)},
    ],
)
def test_the_rest_is_left_to_the_rules(changes: dict[str, Any]) -> None:
    assert read(access_token_of(claims(**changes))) is None


@pytest.mark.parametrize(
    "twice", ['"sub":"user-1",', '"\\u0073ub":"eve",', '"extra":1,"extra":2,', '"o":{"a":1,"a":2},']
)
def test_j38_a_name_that_appears_twice_is_not_ordinary(twice: str) -> None:
    body = json.dumps(claims(), separators=(",", ":"))
    token = forge(KEY, HEADER, "{" + twice + body[1:])
    assert read(token) is None
    assert told(warm(), token) == "token_malformed"


def test_a_signature_that_does_not_fit_ends_it() -> None:
    token = access_token(KEY)
    with pytest.raises(SignatureInvalidError):
        read(token[:-8] + "AAAAAAAA")
    assert told(warm(), token[:-8] + "AAAAAAAA") == "signature_invalid"


def test_what_is_ordinary_is_recognised_by_a_verifier(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the other tests here say something."""
    verifier = warm()
    monkeypatch.setattr("watchword.verify.access_token.check", None)
    assert verifier.verify(access_token(KEY, sub="user-2")).sub == "user-2"
    with pytest.raises(TypeError):
        verifier.verify(access_token(KEY, nbf=NOW))


@pytest.mark.parametrize("changes", [{}, {"nbf": NOW}, {"aud": [API]}, {"note": "x"}, {"exp": NOW}, {"aud": "x"}])
def test_no_token_costs_two_signatures(changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """However far it is from the ordinary: half of all issuers write a list or an `nbf`."""
    calls = [0]
    key = Key.generate("Ed25519")
    verify = key.verify

    def counted(*arguments: Any) -> None:
        calls[0] += 1
        verify(*arguments)

    monkeypatch.setattr(key, "verify", counted)
    verifier = Verifier(**settings(keys=key))
    verifier.verify(access_token(key))
    told(verifier, access_token(key, **changes))
    assert calls == [2]
