"""One text for each byte string (THREATS J32-J35)."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
