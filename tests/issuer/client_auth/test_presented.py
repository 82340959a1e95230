"""Which method a request uses, and what it presents; O35, O36."""

import base64
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.issuer.client_auth import CLIENT_AUTH_METHODS
from watchword.issuer.client_auth.authenticate import presented_by
from watchword.oauth.errors import InvalidClientError, InvalidRequestError, OAuthError
from watchword.oauth.parameters import Parameters

PRINTABLE = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40)


def form(**fields: str) -> Parameters:
    return Parameters({name: (value,) for name, value in fields.items()})


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_each_method_has_one_name() -> None:
    names = [method.name for method in CLIENT_AUTH_METHODS]
    assert len(set(names)) == len(names)


@given(client_id=PRINTABLE, secret=PRINTABLE)
def test_basic_is_what_was_form_encoded(client_id: str, secret: str) -> None:
    header = basic(f"{quote_plus(client_id)}:{quote_plus(secret)}")
    name, presented = presented_by(header, form())
    assert (name, presented.client_id, presented.secret) == ("client_secret_basic", client_id, secret)


@given(header=st.one_of(st.text(max_size=60), st.binary(max_size=60).map(lambda raw: "Basic " + raw.hex())))
def test_any_header_is_read_or_refused(header: str) -> None:
    try:
        name, _ = presented_by(header, form())
    except OAuthError:
        return
    assert name == "client_secret_basic"


def test_the_other_methods() -> None:
    assert presented_by(None, form(client_id="c", client_secret="s"))[0] == "client_secret_post"
    name, presented = presented_by(None, form(client_id="c"))
    assert (name, presented.client_id, presented.secret) == ("none", "c", None)


def test_none_at_all_and_two_at_once() -> None:
    with pytest.raises(InvalidClientError):
        presented_by(None, form())
    with pytest.raises(InvalidClientError):
        presented_by(None, form(client_secret="s"))
    with pytest.raises(InvalidRequestError):
        presented_by(basic("c:s"), form(client_id="c", client_secret="s"))


def test_what_is_presented_is_not_shown() -> None:
    """O80"""
    _, presented = presented_by(basic("c:top-secret"), form())
    assert "top-secret" not in repr(presented)
