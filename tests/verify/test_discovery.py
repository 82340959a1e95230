"""From metadata to the issuer's addresses (THREATS J91; ARCHITECTURE: name is not address)."""

from typing import Any

import pytest

from watchword.fetch import HOSTILE, TRUSTED, FetchError
from watchword.verify.discovery import read_introspection_endpoint, read_jwks_address
from watchword.verify.key_address import KeyAddress

ISSUER = "https://auth.example.com"
INSIDE = KeyAddress(ISSUER, "http://issuer:8400/.well-known/openid-configuration", None, danger_allow_http=True)
OUTSIDE = KeyAddress(ISSUER, ISSUER + "/.well-known/openid-configuration", None, danger_allow_http=False)


def test_the_issuers_own_address_is_trusted() -> None:
    assert read_jwks_address({"issuer": ISSUER, "jwks_uri": ISSUER + "/jwks"}, OUTSIDE) == (ISSUER + "/jwks", TRUSTED)


def test_the_issuers_name_is_replaced_by_the_address_it_was_found_at() -> None:
    metadata = {"issuer": ISSUER, "jwks_uri": ISSUER + "/jwks?v=1"}
    assert read_jwks_address(metadata, INSIDE) == ("http://issuer:8400/jwks?v=1", TRUSTED)


def test_an_address_under_the_metadatas_own_name_is_trusted() -> None:
    metadata = {"issuer": ISSUER, "jwks_uri": "http://issuer:8400/jwks"}
    assert read_jwks_address(metadata, INSIDE) == ("http://issuer:8400/jwks", TRUSTED)


@pytest.mark.parametrize(
    "url", ["https://keys.example.net/jwks", "http://169.254.169.254/", "https://auth.example.com:8443/"]
)
def test_any_other_address_is_not(url: str) -> None:
    assert read_jwks_address({"issuer": ISSUER, "jwks_uri": url}, OUTSIDE) == (url, HOSTILE)


@pytest.mark.parametrize("issuer", [ISSUER + "/", "https://AUTH.example.com", "", None, [ISSUER]])
def test_j91_another_issuer_is_refused(issuer: Any) -> None:
    with pytest.raises(FetchError, match="another issuer"):
        read_jwks_address({"issuer": issuer, "jwks_uri": ISSUER + "/jwks"}, OUTSIDE)


@pytest.mark.parametrize("jwks_uri", [None, "", 1, ["x"], "https://[::1"])
def test_an_address_that_is_none_is_refused(jwks_uri: Any) -> None:
    with pytest.raises(FetchError):
        read_jwks_address({"issuer": ISSUER, "jwks_uri": jwks_uri}, OUTSIDE)


@pytest.mark.parametrize(
    ("address", "named", "url"),
    [
        (OUTSIDE, ISSUER + "/introspect", ISSUER + "/introspect"),
        (INSIDE, ISSUER + "/introspect", "http://issuer:8400/introspect"),
        (INSIDE, "http://issuer:8400/introspect", "http://issuer:8400/introspect"),
    ],
)
def test_credentials_are_shown_where_the_operator_said(address: KeyAddress, named: str, url: str) -> None:
    assert read_introspection_endpoint({"issuer": ISSUER, "introspection_endpoint": named}, address) == url


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": ISSUER, "introspection_endpoint": "https://elsewhere.example/introspect"},
        {"issuer": ISSUER, "introspection_endpoint": "http://auth.example.com/introspect"},
        {"issuer": ISSUER, "introspection_endpoint": "https://[::1"},
        {"issuer": ISSUER, "introspection_endpoint": None},
        {"issuer": ISSUER},
        {"issuer": "https://evil.example", "introspection_endpoint": ISSUER + "/introspect"},
    ],
)
def test_j91_credentials_are_shown_nowhere_that_only_the_document_names(metadata: dict[str, Any]) -> None:
    with pytest.raises(FetchError):
        read_introspection_endpoint(metadata, OUTSIDE)
