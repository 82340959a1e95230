"""One text for each byte string (THREATS J32-J35)."""

import base64
import string

import pybase64
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pybase64 import _fallback

from watchword.jose import base64url
from watchword.jose.errors import MalformedTokenError


@given(st.binary(max_size=200))
def test_what_was_encoded_is_decoded(data: bytes) -> None:
    text = base64url.encode(data)
    assert text == base64.urlsafe_b64encode(data).rstrip(b"=")
    assert base64url.decode(text) == data


@given(st.binary(max_size=40))
def test_whatever_is_accepted_is_the_one_text_of_its_bytes(text: bytes) -> None:
    try:
        data = base64url.decode(text)
    except MalformedTokenError:
        return
    assert base64url.encode(data) == text


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("J32", "YW?J"),
        ("J32", "YWJj!"),
        ("J33", "YQ=="),
        ("J33", "YQ="),
        ("J34", "YR"),
        ("J34", "YWK"),
        ("J34", "Y"),
        ("J34", "YWJjY"),
        ("J35", "YW+j"),
        ("J35", "YW/j"),
        ("J35", "YWJj\n"),
        ("J35", "YWJj\r\n"),
        ("J35", " YWJj"),
        ("J35", "YW Jj"),
        ("J35", "YWJ\0"),
        ("J35", "YWJ\u0663"),
        ("J35", "YWJ\uff0e"),
        ("J35", "Y\u00e9Jj"),
    ],
)
def test_another_text_is_refused(row: str, text: str) -> None:
    with pytest.raises(MalformedTokenError):
        base64url.decode_text(text)


_ALPHABET = (string.ascii_letters + string.digits + "-_").encode()


@pytest.fixture(params=["compiled", "in Python"])
def either_decoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The decoder of the library's wheels, and the one that it falls back to where there is no wheel."""
    chosen = pybase64.b64decode if request.param == "compiled" else _fallback.b64decode
    monkeypatch.setattr(base64url, "b64decode", chosen)


@pytest.mark.usefixtures("either_decoder")
@pytest.mark.parametrize("length", [2, 3, 4, 31, 43, 64, 86, 131])
def test_no_octet_but_those_of_the_alphabet_is_taken_anywhere(length: int) -> None:
    """J32, J33, J35: wide instructions treat the places of a text differently, so each place is tried."""
    for place in range(length):
        for octet in range(256):
            text = bytearray(b"A" * length)
            text[place] = octet
            try:
                data = base64url.decode(bytes(text))
            except MalformedTokenError:
                # The last may be one that is not canonical, which the next test is about.
                assert octet not in _ALPHABET or place == length - 1, (place, octet)
            else:
                assert octet in _ALPHABET, (place, octet)
                assert base64.urlsafe_b64encode(data).rstrip(b"=") == text


@pytest.mark.usefixtures("either_decoder")
@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 66, 67, 68, 69])
def test_of_the_last_characters_exactly_the_canonical_ones_are_taken(length: int) -> None:
    """J34: 64 / 4^k of them, and none where no bytes have a text of this length."""
    taken = 0
    for last in _ALPHABET:
        try:
            base64url.decode(b"A" * (length - 1) + bytes([last]))
        except MalformedTokenError:
            continue
        taken += 1
    assert taken == {0: 64, 1: 0, 2: 4, 3: 16}[length % 4]
