"""Strict JSON (THREATS J38-J41)."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.jose.errors import MalformedTokenError
from watchword.jose.json_object import MAX_DEPTH, decode_object

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), VALUES, max_size=6))
def test_objects_are_read_as_the_standard_library_reads_them(members: dict[str, Any]) -> None:
    for text in (json.dumps(members), json.dumps(members, indent=1), json.dumps(members, separators=(" , ", " : "))):
        try:
            assert decode_object(text.encode()) == json.loads(text)
        except MalformedTokenError:
            assert json.loads(text) != members or _has_lone_surrogate(text)


def _has_lone_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in json.dumps(json.loads(text), ensure_ascii=False))


@pytest.mark.parametrize(
    ("row", "data"),
    [
        ("J38", b'{"alg":"none","alg":"ES256"}'),
        ("J38", b'{"\\u0061lg":"none","alg":"ES256"}'),
        ("J38", b'{"alg" :"none","alg":"ES256"}'),
        ("J38", b'{"alg"\t:"none","alg":"ES256"}'),
        ("J38", b'{"alg"\n:"none","alg"\r:"ES256"}'),
        ("J38", b'{"x":{"y":1,"y":2}}'),
        ("J38", b'{"x":[{"y":1,"y":2}]}'),
        ("J38", b'{"a":1,"a":2,"b":"\\":"}'),
        ("J38", b'{"x":1,"x" :{"z":2}}'),
        ("J38", b'{"a":1,"a":{"b":2}}'),
        ("J38", b'{"a":{"b":1},"a":{"b":2}}'),
        ("J38", b'{"x":{"y":1,"y":2},"z":1,"z":2}'),
        ("J38", b'{"a":1, "a":2}'),
        ("J38", b'{"a":["b,c"],"a":1}'),
        ("J39", b'\xef\xbb\xbf{"a":1}'),
        ("J39", '{"a":1}'.encode("utf-16")),
        ("J39", '{"a":1}'.encode("utf-32")),
        ("J39", b'{"a":"\xff"}'),
        ("J39", b'{"\xff":1}'),
        ("J39", b'{"a":"\\ud800"}'),
        ("J39", b'{"a":"\\udc00"}'),
        ("J39", b'{"a":"\xed\xa0\x80"}'),
        ("J39", b'{"a":"\xc0\x80"}'),
        ("J40", b'{"a":NaN}'),
        ("J40", b'{"a":Infinity}'),
        ("J40", b'{"a":-Infinity}'),
        ("J40", b'{"a":1e400}'),
        ("J40", b'{"a":' + b"9" * 5000 + b"}"),
        ("J40", b'{"a":' + b"9" * 400 + b"}"),
        ("J40", b'{"a":1' + b"0" * 20 + b"}"),
        ("J40", b'{"a":-1' + b"0" * 20 + b"}"),
        ("J40", b'{"a":[{"b":1' + b"0" * 20 + b"}]}"),
        ("J40", b'{"a":' + b"[" * 10_000),
        ("J40", b'{"a":' + b"[" * 40 + b"]" * 40 + b"}"),
        ("J40", b'{"a":' * 40 + b"1" + b"}" * 40),
        ("J41", b"[]"),
        ("J41", b'"text"'),
        ("J41", b"1"),
        ("J41", b"null"),
        ("J41", b""),
        ("J41", b"{}{}"),
        ("J41", b"{} x"),
        ("J41", b"{'a':1}"),
        ("J41", b'{"a":01}'),
    ],
)
def test_anything_else_is_refused(row: str, data: bytes) -> None:
    with pytest.raises(MalformedTokenError):
        decode_object(data)


def test_the_deepest_allowed_nesting_passes_and_brackets_in_strings_do_not_count() -> None:
    deep = b'{"a":' + b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1) + b"}"
    assert "a" in decode_object(deep)
    assert decode_object(b'{"a":"' + b"[" * 100 + b'\\""}')["a"] == "[" * 100 + '"'


def test_many_objects_side_by_side_are_not_deep() -> None:
    assert len(decode_object(json.dumps({"a": [{"b": 1}] * 100}).encode())["a"]) == 100


def test_j40_twenty_digits_are_a_number() -> None:
    assert decode_object(b'{"a":[-' + b"9" * 20 + b"]}") == {"a": [-(10**20 - 1)]}


def test_j40_the_depth_is_found_without_backtracking() -> None:
    """Headers are read before any signature is checked: what costs more than its length would be free for anybody."""

    def cost(length: int) -> float:
        data = b"[" * (MAX_DEPTH + 1) + b'"\\' * length
        begun = time.process_time()
        for _ in range(20):
            with pytest.raises(MalformedTokenError):
                decode_object(data)
        return time.process_time() - begun

    assert cost(8000) < 20 * cost(1000) + 0.05  # the square would be 64 times, and a second more


def test_j42_no_error_carries_the_text_along() -> None:
    for data in (b'{"a":"canary\xff"}', b'{"a":1,"a":"canary"}', b"canary"):
        with pytest.raises(MalformedTokenError) as caught:
            decode_object(data)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__ or caught.value.__context__ is None


names = st.sampled_from(["a", "b", "\u00e9", "a,b", '":', ""])
written_names = names.flatmap(lambda name: st.sampled_from([json.dumps(name), json.dumps(name, ensure_ascii=False)]))
written = st.recursive(
    st.sampled_from(["1", '","', '"\\":"', "[]", "{}", "[1,2]", "null", "1.5e3"]),
    lambda inner: st.lists(st.tuples(written_names, inner), max_size=4).flatmap(
        lambda pairs: st.sampled_from([(",", ":"), (", ", ": "), ("\n,", "\t:")]).map(
            lambda marks: "{" + marks[0].join(name + marks[1] + value for name, value in pairs) + "}"
        )
    ),
    max_leaves=12,
)


@given(written.filter(lambda text: text.startswith("{")))
def test_j38_a_name_is_repeated_exactly_where_the_slow_decoder_sees_it(text: str) -> None:
    """However it is written: the quick proofs that nothing was repeated must never be wrong."""
    repeated = []

    def look(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        repeated.append(len(dict(pairs)) != len(pairs))
        return dict(pairs)

    expected = json.loads(text, object_pairs_hook=look)
    if any(repeated):
        with pytest.raises(MalformedTokenError):
            decode_object(text.encode())
    else:
        assert decode_object(text.encode()) == expected
