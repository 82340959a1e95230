"""Metadata is believed only from whoever it names."""

from typing import Any

import pytest
from tests.client.toy_issuer import ToyIssuer

from watchword.client.api_discovery import (
    canonical_api,
    command_line_client,
    discover_api,
    discover_issuer_of,
    read_api_metadata,
)
from watchword.client.discovery import check_address, discover, read_metadata
from watchword.client.errors import DiscoveryError

ISSUER = "https://issuer.example"
DOCUMENT: dict[str, Any] = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/jwks",
}


def test_metadata_is_read() -> None:
    metadata = read_metadata(DOCUMENT, expected_issuer=ISSUER)
    assert metadata.token_endpoint == f"{ISSUER}/token"
    assert metadata.revocation_endpoint is None
    assert not metadata.states_issuer


@pytest.mark.parametrize("stated", [f"{ISSUER}/", "https://ISSUER.example", "http://issuer.example", None, 1])
def test_a_near_miss_of_the_issuer_is_refused(stated: Any) -> None:
    """O07"""
    with pytest.raises(DiscoveryError, match="another issuer"):
        read_metadata({**DOCUMENT, "issuer": stated}, expected_issuer=ISSUER)


@pytest.mark.parametrize(
    "change",
    [
        {"token_endpoint": None},
        {"token_endpoint": 1},
        {"authorization_endpoint": "http://issuer.example/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": "https://user@issuer.example/jwks"},
        {"revocation_endpoint": "http://evil.example"},
        {"end_session_endpoint": "https://["},
    ],
)
def test_a_wrong_endpoint_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(DiscoveryError):
        read_metadata({**DOCUMENT, **change}, expected_issuer=ISSUER)


@pytest.mark.parametrize(
    "url",
    ["https://a.example", "http://localhost:1", "http://127.0.0.1", "http://[::1]:1/x", "https://a.example:1/x?y"],
)
def test_a_safe_address_passes(url: str) -> None:
    assert check_address(url) == url


@pytest.mark.parametrize(
    "url",
    ["http://a.example", "http://localhost.evil.example", "ftp://localhost", "//localhost", "localhost", "https://"],
)
def test_an_unsafe_address_is_refused(url: str) -> None:
    with pytest.raises(DiscoveryError):
        check_address(url)


def test_plain_http_elsewhere_needs_the_long_word() -> None:
    assert check_address("http://issuer", danger_allow_http=True) == "http://issuer"


def test_the_way_from_an_api_to_its_client(issuer: ToyIssuer) -> None:
    api = discover_api(issuer.api)
    assert (api.identifier, api.issuers, api.scopes) == (issuer.api, (issuer.issuer,), ("orders:read",))
    assert discover_issuer_of(api).token_endpoint == f"{issuer.issuer}/token"
    assert command_line_client(issuer.issuer) == "command-line"


def test_an_issuer_that_speaks_for_another_is_refused(issuer: ToyIssuer) -> None:
    issuer.lies.metadata = {"issuer": "https://issuer.example"}
    with pytest.raises(DiscoveryError):
        discover(issuer.issuer)


def test_what_is_not_there_is_an_error_and_no_traceback(issuer: ToyIssuer) -> None:
    with pytest.raises(DiscoveryError):
        discover(f"{issuer.issuer}/nowhere")
    with pytest.raises(DiscoveryError):
        discover("http://127.0.0.1:1")


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"resource": "https://other.example", "authorization_servers": [ISSUER]},
        {"resource": "https://api.example"},
        {"resource": "https://api.example", "authorization_servers": []},
        {"resource": "https://api.example", "authorization_servers": ISSUER},
        {"resource": "https://api.example", "authorization_servers": [1]},
        {"resource": "https://api.example", "authorization_servers": [ISSUER], "scopes_supported": "all"},
    ],
)
def test_wrong_api_metadata_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(DiscoveryError):
        read_api_metadata(document, expected_api="https://api.example")


def test_a_lone_slash_is_the_same_api() -> None:
    document = {"resource": "https://api.example/", "authorization_servers": [ISSUER]}
    assert read_api_metadata(document, expected_api="https://api.example").identifier == "https://api.example/"
    assert canonical_api("https://api.example/orders/") == "https://api.example/orders/"
