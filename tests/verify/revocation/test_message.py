"""A message of the feed, or its refusal, beyond the vectors (THREATS R42)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.verify.revocation.vectors import ISSUER, NOW, message

from watchword.jose import Key, KeySet, base64url, jwt
from watchword.verify.revocation.errors import MessageRefusedError
from watchword.verify.revocation.message import Message, read, split

KEY = Key.generate("ES256", kid="feed-1")
KEYS = KeySet([KEY.public()])
TYPE = "watchword-journal+jwt"
SNAPSHOT: dict[str, Any] = {
    "iss": ISSUER,
    "iat": NOW,
    "exp": NOW + 60,
    "ver": 1,
    "journal_id": "journal-one",
    "type": "snapshot",
    "seq": 1,
    "entries": [[1, "grant", "_0T39LCBNHqlBcHkukwr7w", NOW + 600]],
}
HEARTBEAT = {name: SNAPSHOT[name] for name in ("iss", "iat", "exp", "ver", "journal_id")} | {
    "type": "batch",
    "from": 0,
    "to": 0,
    "head": 0,
    "entries": [],
}


def reading(text: bytes, keys: KeySet = KEYS, *, now: float = NOW) -> Message:
    return read(split(text), keys, issuer=ISSUER, now=now, leeway=60.0)


def signed(claims: dict[str, Any], key: Key = KEY, typ: str = TYPE) -> bytes:
    return jwt.encode(claims, key, typ=typ).encode()


def with_header(**members: Any) -> bytes:
    header = {"alg": "ES256", "kid": "feed-1", "typ": TYPE} | members
    present = {name: value for name, value in header.items() if value is not None}
    payload = base64url.encode(json.dumps(HEARTBEAT).encode())
    signing_input = base64url.encode(json.dumps(present).encode()) + b"." + payload
    return signing_input + b"." + base64url.encode(KEY.sign(signing_input))


def test_what_the_writer_signs_is_read() -> None:
    found = reading(signed(SNAPSHOT))
    assert (found.is_snapshot, found.to, found.head, len(found.entries)) == (True, 1, 1, 1)
    assert reading(with_header()).is_snapshot is False


@pytest.mark.parametrize(
    "members",
    [
        {"typ": "WATCHWORD-journal+jwt"},
        {"typ": "application/watchword-journal+jwt"},
        {"typ": "JWT"},
        {"typ": None},
        {"kid": None},
        {"kid": "feed-2"},
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "ES384"},
        {"crit": ["exp"]},
        {"zip": "DEF"},
    ],
)
def test_headers_that_are_refused(members: dict[str, Any]) -> None:
    with pytest.raises(MessageRefusedError):
        reading(with_header(**members))


def test_only_es256() -> None:
    other = Key.generate("Ed25519", kid="feed-1")
    with pytest.raises(MessageRefusedError):
        reading(signed(HEARTBEAT, other), KeySet([other.public()]))


@pytest.mark.parametrize("text", [b"", b"a", b"a.b", b"a.b.c.d", b"..", b"\xff.\xff.\xff", b" " + signed(HEARTBEAT)])
def test_what_is_no_compact_jws_is_refused(text: bytes) -> None:
    with pytest.raises(MessageRefusedError):
        reading(text)


def test_a_snapshot_may_be_far_longer_than_a_token() -> None:
    entries = [[n, "token", base64url.encode_text(n.to_bytes(16, "big")), NOW + 600] for n in range(1, 5001)]
    text = signed(SNAPSHOT | {"seq": 5000, "entries": entries})
    assert len(text) > 20 * 16 * 1024
    assert len(reading(text).entries) == 5000


@pytest.mark.parametrize(
    "members",
    [
        {"iss": None},
        {"ver": True},
        {"ver": 1.0},
        {"ver": "1"},
        {"iat": None},
        {"iat": -1},
        {"exp": 1.5e9},
        {"exp": True},
        {"seq": 2**53},
        {"journal_id": 1},
        {"journal_id": "a b"},
        {"journal_id": "a\r\nx: y"},
        {"journal_id": "\u00e9"},
        {"journal_id": "a" * 129},
        {"entries": {}},
        {"entries": [[1, "grant", "_0T39LCBNHqlBcHkukwr7w", 2**53]]},
        {"entries": [[1, "grant", "_0T39LCBNHqlBcHkukwr7w", NOW + 0.5]]},
        {"entries": [[1, "grant", "_0T39LCBNHqlBcHkukwr7x", NOW]]},
        {"entries": [[1, "grant", 1, NOW]]},
        {"entries": [[1, 1, "_0T39LCBNHqlBcHkukwr7w", NOW]]},
        {"entries": [[1, ["grant"], "_0T39LCBNHqlBcHkukwr7w", NOW]]},
        {"entries": [[1, "all", "_0T39LCBNHqlBcHkukwr7w", NOW, 2**53]]},
        {"entries": [[1, "all", "_0T39LCBNHqlBcHkukwr7w", NOW, 1, 1]]},
        {"entries": [[1]]},
    ],
)
def test_shapes_that_are_refused(members: dict[str, Any]) -> None:
    message(SNAPSHOT)
    with pytest.raises(MessageRefusedError):
        message(SNAPSHOT | members)


def test_a_batch_of_more_than_a_thousand_is_refused() -> None:
    entries = [[n, "token", base64url.encode_text(n.to_bytes(16, "big")), NOW + 600] for n in range(1, 1002)]
    thousand = HEARTBEAT | {"to": 1000, "head": 2000, "entries": entries[:1000]}
    assert len(message(thousand).entries) == 1000
    with pytest.raises(MessageRefusedError):
        message(HEARTBEAT | {"to": 1001, "head": 2000, "entries": entries})


def test_r42_a_replay_lasts_until_it_has_expired() -> None:
    text = signed(HEARTBEAT)
    assert reading(text, now=NOW + 119.9)
    with pytest.raises(MessageRefusedError):
        reading(text, now=NOW + 120)


def test_a_name_twice_is_refused() -> None:
    header = base64url.encode(json.dumps({"alg": "ES256", "kid": "feed-1", "typ": TYPE}).encode())
    twice = json.dumps(SNAPSHOT)[:-1] + ', "entries": []}'
    signing_input = header + b"." + base64url.encode(twice.encode())
    with pytest.raises(MessageRefusedError):
        reading(signing_input + b"." + base64url.encode(KEY.sign(signing_input)))


def test_j42_no_error_repeats_what_was_read() -> None:
    with pytest.raises(MessageRefusedError) as caught:
        message(SNAPSHOT | {"entries": [[1, "canary", "canary", 1]]})
    assert "canary" not in f"{caught.value!r} {caught.value.detail} {caught.value.__cause__!r}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from([*SNAPSHOT, "from", "to", "head"]), JSON))
def test_whatever_was_signed_is_read_or_refused(members: dict[str, Any]) -> None:
    for claims in (SNAPSHOT, HEARTBEAT):
        try:
            found = message(claims | members)
        except MessageRefusedError:
            continue
        assert 0 <= found.first <= found.to <= found.head


@given(st.binary(max_size=200) | st.tuples(st.binary(), st.binary(), st.binary()).map(b".".join))
def test_whatever_arrives_is_refused(text: bytes) -> None:
    with pytest.raises(MessageRefusedError):
        reading(text)
