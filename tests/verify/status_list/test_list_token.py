"""A Token Status List is believed only if everything about it holds."""

import json
import zlib
from typing import Any

import pytest

from watchword.jose import Key, KeySet, base64url, jwt
from watchword.verify.errors import ClaimInvalidError
from watchword.verify.status_list.list_token import (
    LONGEST_TTL,
    MAX_LIST_BYTES,
    USUAL_TTL,
    StatusList,
    StatusListError,
    read,
    read_statuses,
    split,
)
from watchword.verify.status_list.reference import StatusReference

KEY = Key.generate("ES256")
NOW = 1_790_000_000
URI = "https://issuer.example/status-lists/1"
ISSUER = "https://issuer.example"


def packed(statuses: bytes, *, bits: int = 1) -> dict[str, Any]:
    return {"bits": bits, "lst": base64url.encode_text(zlib.compress(statuses, 9))}


def claims(**changes: Any) -> dict[str, Any]:
    made = {"sub": URI, "iat": NOW, "exp": NOW + 60, "ttl": 30, "status_list": packed(b"\x01\x00"), **changes}
    return {name: value for name, value in made.items() if value is not None}


def accept(text: str, *, keys: Key = KEY, now: float = NOW, leeway: float = 0.0) -> StatusList:
    message = split(text.encode("ascii"))
    return read(
        message, KeySet([keys]), uri=URI, issuer=ISSUER, algorithms=("ES256",), now=now, leeway=leeway
    )  # fmt: skip


def signed(*, typ: str = "statuslist+jwt", key: Key = KEY, **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, typ=typ)


def test_bits_are_counted_from_the_least_significant() -> None:
    """The specification's own two examples, by hand: sections 4.1 and 4.2 describe how 0xB9 0xA3 and 0xC9 0x44 0xF9
    come about.
    """
    bits, statuses = read_statuses(packed(bytes([0xB9, 0xA3])))
    one = StatusList(bits, statuses, 30, None)
    assert [one.status(idx) for idx in range(17)] == [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1, None]
    bits, statuses = read_statuses(packed(bytes([0xC9, 0x44, 0xF9]), bits=2))
    two = StatusList(bits, statuses, 30, None)
    assert [two.status(idx) for idx in range(13)] == [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3, None]
    eight = StatusList(8, b"\x00\xff", 30, None)
    assert [eight.status(idx) for idx in range(3)] == [0, 255, None]
    four = StatusList(4, b"\x2f", 30, None)
    assert [four.status(idx) for idx in range(3)] == [15, 2, None]


def test_a_good_list_is_believed() -> None:
    found = accept(signed(iss=ISSUER))
    assert (found.status(0), found.status(1)) == (1, 0)
    assert (found.ttl, found.ends_at) == (30, NOW + 60)
    unsaid = accept(signed(ttl=None, exp=None))
    assert (unsaid.ttl, unsaid.ends_at) == (USUAL_TTL, None)
    assert accept(signed(ttl=10**9)).ttl == LONGEST_TTL
    assert accept(signed(exp=NOW - 30), leeway=60).ends_at == NOW + 30


@pytest.mark.parametrize(
    "text",
    [
        signed(typ="at+jwt"),
        signed(typ="JWT"),
        signed(typ="statuslist+cwt"),
        signed(key=Key.generate("ES256")),
        signed(key=Key.generate("RS256")),
        signed(sub="https://issuer.example/status-lists/2"),
        signed(sub=None),
        signed(iss="https://other.example"),
        signed(exp=NOW),
        signed(iat=None),
        signed(iat=NOW + 3600, exp=NOW + 7200),
        signed(ttl=0),
        signed(ttl=-1),
        signed(ttl=True),
        signed(ttl="30"),
        signed(status_list=None),
        signed(status_list="x"),
        signed(status_list={"bits": 3, "lst": packed(b"")["lst"]}),
        signed(status_list={"bits": True, "lst": packed(b"")["lst"]}),
        signed(status_list={"bits": 1, "lst": 7}),
        signed(status_list={"bits": 1, "lst": "!!"}),
        signed(status_list={"bits": 1, "lst": base64url.encode_text(b"not zlib")}),
        signed(status_list={"bits": 1, "lst": base64url.encode_text(zlib.compress(bytes(100))[:-2])}),
        signed(status_list={"bits": 1, "lst": base64url.encode_text(zlib.compress(bytes(100)) + b"more")}),
        "a.b",
        "a.b.c.d",
        "..",
        signed()[:-4] + "AAAA",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(StatusListError):
        accept(text)


def test_without_a_signature_nothing_is_believed() -> None:
    header = base64url.encode_text(json.dumps({"alg": "none", "typ": "statuslist+jwt"}).encode())
    payload = base64url.encode_text(json.dumps(claims()).encode())
    with pytest.raises(StatusListError):
        accept(f"{header}.{payload}.")


def test_a_bomb_is_not_unpacked() -> None:
    """A thousand times as much as it takes on the way: what is unpacked never grows beyond the limit."""
    at_most = zlib.compress(bytes(MAX_LIST_BYTES), 9)
    assert len(read_statuses({"bits": 1, "lst": base64url.encode_text(at_most)})[1]) == MAX_LIST_BYTES
    bomb = zlib.compressobj(9)
    made = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(200)) + bomb.flush()
    assert len(made) < 256 * 1024
    with pytest.raises(StatusListError) as refused:
        read_statuses({"bits": 1, "lst": base64url.encode_text(made)})
    assert refused.value.detail == "its status list is too long"


def test_a_reference_is_taken_from_a_token() -> None:
    assert StatusReference.of({}) is None
    assert StatusReference.of({"status": {"other_mechanism": {}}}) is None
    assert StatusReference.of({"status": {"status_list": {"idx": 7, "uri": URI}}}) == (URI, 7)


@pytest.mark.parametrize(
    "status",
    [
        None,
        "revoked",
        [],
        {"status_list": None},
        {"status_list": {"uri": URI}},
        {"status_list": {"idx": 1}},
        {"status_list": {"idx": -1, "uri": URI}},
        {"status_list": {"idx": True, "uri": URI}},
        {"status_list": {"idx": "1", "uri": URI}},
        {"status_list": {"idx": 1.5, "uri": URI}},
        {"status_list": {"idx": 2**60, "uri": URI}},
        {"status_list": {"idx": 1, "uri": ""}},
        {"status_list": {"idx": 1, "uri": 7}},
        {"status_list": {"idx": 1, "uri": "https://issuer.example/" + "x" * 3000}},
    ],
)
def test_a_reference_that_is_none_makes_the_token_bad(status: Any) -> None:
    with pytest.raises(ClaimInvalidError):
        StatusReference.of({"status": status})
