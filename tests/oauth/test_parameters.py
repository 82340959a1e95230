"""Strict reading of forms and queries (O10)."""

import contextlib
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.oauth.errors import InvalidRequestError
from watchword.oauth.parameters import MAX_FIELDS, Parameters


def test_reads_values_and_treats_empty_ones_as_absent() -> None:
    read = Parameters.parse_form(b"grant_type=client_credentials&scope=&client_id=a%20b")
    assert read.get("grant_type") == "client_credentials"
    assert read.get("scope") is None
    assert "scope" not in read
    assert read.get("client_id") == "a b"
    assert read.names() == {"grant_type", "client_id"}


@pytest.mark.parametrize(
    "text",
    [
        b"code=a&code=a",
        b"code=a&code=",
        b"code=&code=",
        b"c%6fde=a&code=b",
        b"client_id=a&client_secret=b&client_secret=c",
    ],
)
def test_o10_a_parameter_that_comes_twice_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        Parameters.parse_form(text)
    with pytest.raises(InvalidRequestError):
        Parameters.parse_query(text)


def test_only_resource_may_repeat() -> None:
    read = Parameters.parse_form(b"resource=https://a&resource=https://b")
    assert read.all("resource") == ("https://a", "https://b")


@pytest.mark.parametrize("text", [b"a=%", b"a=%zz", b"a=%e", b"a=%ff", "a=é".encode(), b"a=%00", b"a%00=b"])
def test_broken_encodings_are_refused(text: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        Parameters.parse_form(text)


def test_too_many_fields_are_refused() -> None:
    Parameters.parse_form(b"&".join(b"n%d=1" % number for number in range(MAX_FIELDS)))
    with pytest.raises(InvalidRequestError):
        Parameters.parse_form(b"&".join(b"n%d=1" % number for number in range(MAX_FIELDS + 1)))


def test_a_missing_parameter_is_named_to_the_operator_only() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        Parameters.parse_form(b"").require("code")
    assert "code" not in str(caught.value)
    assert caught.value.detail == "missing: code"


def test_repr_shows_no_value() -> None:
    assert "hunter2" not in repr(Parameters.parse_form(b"password=hunter2"))


@given(st.dictionaries(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=40), max_size=20))
def test_what_a_client_encodes_is_what_is_read(values: dict[str, str]) -> None:
    try:
        text = urlencode(values).encode("ascii")
    except UnicodeEncodeError:
        return
    if any("\x00" in name or "\x00" in value for name, value in values.items()):
        with pytest.raises(InvalidRequestError):
            Parameters.parse_form(text)
        return
    read = Parameters.parse_form(text)
    assert {name: read.get(name) for name in values} == values
    assert Parameters.from_dict(read.to_dict()).to_dict() == read.to_dict()


@given(st.binary(max_size=200))
def test_no_input_does_more_than_refuse(text: bytes) -> None:
    with contextlib.suppress(InvalidRequestError):
        Parameters.parse_form(text)
