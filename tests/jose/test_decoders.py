"""Whatever bytes and values come, every decoder returns or raises one of its own errors, and takes one text only for
each meaning (THREATS J32-J42, J56).
"""

import json
import re
import string
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.jose.forge import b64, forge

from watchword.errors import WatchwordError
from watchword.jose import Key, KeySet, base64url, errors, header, jws, jwt
from watchword.jose import claims as rules
from watchword.jose.algorithms import ALGORITHMS
from watchword.jose.errors import ClaimError, InvalidKeyError, JOSEError, MalformedTokenError
from watchword.jose.json_object import decode_object

KEY = Key.generate("Ed25519", kid="k")
KEYS = [Key.generate(row.name, kid="k") for row in ALGORITHMS if row.kty != "RSA"]
TOKEN = jwt.encode({"sub": "alice"}, KEY)

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | text | st.binary(max_size=4)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=6
)
header_names = st.sampled_from(["alg", "kid", "typ", "crit", "b64", "zip", "jwk", "cty", "\u0430lg"]) | text
KEY_MEMBERS = "kty crv alg kid use key_ops x y d n e p q dp dq qi oth k pub priv"
key_members = st.sampled_from(KEY_MEMBERS.split())
names = st.sampled_from([row.name for row in ALGORITHMS] + ["EC", "OKP", "RSA", "oct", "AKP", "P-256", "sig", "none"])
fitting = names | st.binary(max_size=80).map(base64url.encode_text) | values


def raises_only(kind: type[JOSEError], decode: Callable[[Any], object], value: Any) -> object:
    try:
        return decode(value)
    except kind as error:
        sentence = str(error)
    # What an error says in public is one of our own sentences.
    assert re.fullmatch(r"[ -~]{10,120}", sentence)
    return None


@given(st.binary(max_size=60) | st.text(string.ascii_letters + string.digits + "-_=+/", max_size=60).map(str.encode))
def test_base64url_takes_one_text_for_each_byte_string(data: bytes) -> None:
    decoded = raises_only(MalformedTokenError, base64url.decode, data)
    if isinstance(decoded, bytes):
        assert base64url.encode(decoded) == data


@given(st.binary(max_size=300))
def test_what_base64url_wrote_it_reads(data: bytes) -> None:
    assert base64url.decode(base64url.encode(data)) == data
    assert base64url.decode_text(base64url.encode_text(data)) == data


@given(st.text(max_size=40))
def test_base64url_reads_no_other_text(data: str) -> None:
    decoded = raises_only(MalformedTokenError, base64url.decode_text, data)
    if isinstance(decoded, bytes):
        assert base64url.encode_text(decoded) == data


@given(
    st.binary(max_size=60)
    | st.text(st.sampled_from('{}[]":,\\u0123456789eE+-. \t\nabtrufalsn'), max_size=40).map(str.encode)
)
@example(b'{"a":1,"\\u0061":2}')
@example(b'{"a":1e999}')
@example(b'{"a":-0.0}')
@example(b'{"a" :1,"b":"\\":"}')
def test_an_object_is_read_as_the_standard_library_reads_it_or_not_at_all(data: bytes) -> None:
    decoded = raises_only(MalformedTokenError, decode_object, data)
    if decoded is not None:
        pairs: list[list[tuple[str, Any]]] = []

        def keep(members: list[tuple[str, Any]]) -> dict[str, Any]:
            pairs.append(members)
            return dict(members)

        assert repr(decoded) == repr(json.loads(data, object_pairs_hook=keep))
        assert all(len(dict(members)) == len(members) for members in pairs)


@given(st.dictionaries(text, values, max_size=4), st.booleans(), st.sampled_from([None, 1]))
def test_every_way_of_writing_an_object_means_the_same(
    members: dict[str, Any], ascii_only: bool, indent: int | None
) -> None:
    try:
        compact = json.dumps(members, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError):
        return  # bytes and infinities are no JSON
    other = json.dumps(members, ensure_ascii=ascii_only, indent=indent).encode()
    read = [raises_only(MalformedTokenError, decode_object, data) for data in (compact, other)]
    assert repr(read[0]) == repr(read[1])
    assert read[0] is None or repr(read[0]) == repr(json.loads(compact))


@given(st.dictionaries(header_names, values | names, max_size=5))
def test_a_header_is_read_or_malformed(members: dict[str, Any]) -> None:
    try:
        written = json.dumps(members)
    except TypeError:
        return
    read = raises_only(MalformedTokenError, header.parse, b64(written).encode())
    if isinstance(read, header.Header):
        assert read.alg == members["alg"]
        assert not {"crit", "b64", "zip"} & read.members.keys()
        assert read.kid is None or 0 < len(read.kid) <= 128


@given(st.binary(max_size=60))
def test_no_bytes_break_the_header(segment: bytes) -> None:
    raises_only(MalformedTokenError, header.parse, segment)


@given(st.text(max_size=60) | st.text(st.sampled_from(TOKEN + "..=é"), max_size=60))
def test_no_text_breaks_the_splitting(token: str) -> None:
    raises_only(MalformedTokenError, jws.split, token)


@given(st.data())
def test_a_token_of_which_a_character_changed_is_refused(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(TOKEN) - 1))
    other = data.draw(st.characters().filter(lambda character: character != TOKEN[place]))
    with pytest.raises(JOSEError):
        jwt.decode(TOKEN[:place] + other + TOKEN[place + 1 :], KEY)


@given(st.data())
def test_a_token_is_split_into_what_it_was_made_of(data: st.DataObject) -> None:
    payload, key = data.draw(st.binary(max_size=200)), data.draw(st.sampled_from(KEYS))
    token = jws.sign(payload, key, typ="JWT")
    message = jws.split(token)
    segments = (message.header_segment, message.payload_segment, message.signature_segment)
    assert b".".join(segments).decode() == token
    assert message.signing_input == b".".join(segments[:2])
    assert jws.verify(token, key, algorithms=(key.alg,)).payload == payload


@given(st.binary(max_size=100) | text.map(str.encode) | st.dictionaries(text, st.none() | text, max_size=3))
def test_no_signed_payload_breaks_the_decoding(payload: Any) -> None:
    token = forge(KEY, {"alg": "Ed25519", "kid": "k"}, payload)
    raises_only(MalformedTokenError, lambda value: jwt.decode(value, KEY), token)


@given(st.dictionaries(key_members, fitting, max_size=8) | values)
def test_no_value_breaks_the_reading_of_a_key(members: Any) -> None:
    raises_only(InvalidKeyError, Key.from_dict, members)


@given(st.data())
def test_a_key_of_which_a_member_changed_is_read_or_refused(data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(KEYS))
    members = key.to_dict(private=True)
    members[data.draw(key_members)] = data.draw(fitting)
    read = raises_only(InvalidKeyError, Key.from_dict, members)
    if isinstance(read, Key):
        # What was taken is what is written: no second text of one key.
        written = read.to_dict(private=True)
        assert all(written[name] == members[name] for name in written.keys() & members.keys())


@given(st.lists(st.dictionaries(key_members, fitting, max_size=6) | values, max_size=4) | values)
def test_no_value_breaks_the_reading_of_a_key_set(listed: Any) -> None:
    for document in ({"keys": listed}, listed, {"keys": [KEY.to_dict(), listed]}):
        raises_only(InvalidKeyError, KeySet.from_dict, document)


@pytest.mark.parametrize(
    "rule",
    [
        lambda claims: rules.numeric_date(claims, "exp"),
        lambda claims: rules.check_expiry(claims, now=1e9),
        lambda claims: rules.check_not_before(claims, now=1e9),
        lambda claims: rules.check_issued_at(claims, now=1e9),
        lambda claims: rules.check_issuer(claims, expected="https://a.example"),
        lambda claims: rules.check_audience(claims, expected="https://api"),
        lambda claims: rules.text(claims, "sub", max_characters=255),
        lambda claims: rules.texts(claims, "roles"),
    ],
)
@given(st.dictionaries(st.sampled_from(["exp", "nbf", "iat", "iss", "aud", "sub", "roles"]), values, max_size=5))
def test_no_value_breaks_a_rule_about_claims(rule: Callable[[dict[str, Any]], object], claims: dict[str, Any]) -> None:
    raises_only(ClaimError, rule, claims)


def kinds(root: type[WatchwordError]) -> list[type[WatchwordError]]:
    return [root] + [kind for child in root.__subclasses__() for kind in kinds(child)]


def test_every_error_has_a_code_of_its_own_and_stands_in_the_drawn_tree() -> None:
    found = [kind for kind in kinds(JOSEError) if kind.__module__ == errors.__name__]
    codes = [kind.code for kind in found]
    assert len(found) == 14
    assert len(set(codes)) == len(codes)
    drawn = errors.__doc__ or ""
    for kind in found:
        assert "code" in vars(kind)
        assert kind.__name__ in drawn
        assert kind is JOSEError or kind.code in drawn
