"""Where the feed is, and where it may not be (THREATS J87, J91)."""

from typing import Any

import pytest

from watchword.verify.revocation.announcement import read_announcement
from watchword.verify.revocation.errors import AnnouncementError
from watchword.verify.revocation.settings import RevocationSettings

ISSUER = "https://auth.example.com/tenant"
SETTINGS = RevocationSettings(ISSUER, "https://auth.example.com/.well-known/watchword-configuration/tenant")
FEED: dict[str, Any] = {
    "version": 1,
    "jwks_uri": "https://auth.example.com/tenant/r/jwks",
    "snapshot_uri": "https://auth.example.com/tenant/r/snapshot",
    "poll_uri": "https://auth.example.com/tenant/r/poll",
    "events_uri": "https://auth.example.com/tenant/r/events",
    "events_credentials": "resource_server",
    "heartbeat": 5,
    "stale_after": 30,
}


def announced(settings: RevocationSettings = SETTINGS, **members: Any) -> Any:
    feed = {name: value for name, value in (FEED | members).items() if value is not ...}
    return read_announcement({"issuer": ISSUER, "cli_client_id": "cli", "revocation": feed}, settings)


def test_a_feed() -> None:
    found = announced()
    assert found.snapshot_url == FEED["snapshot_uri"]
    assert found.events_credentials
    assert found.stale_after == 30


def test_push_may_be_switched_off_and_may_need_no_credentials() -> None:
    assert announced(events_uri=..., events_credentials=...).events_url is None
    assert not announced(events_credentials="none").events_credentials


def test_without_the_member_there_is_no_feed() -> None:
    assert read_announcement({"issuer": ISSUER}, SETTINGS) is None


def test_a_name_is_not_an_address() -> None:
    inside = RevocationSettings(ISSUER, "http://issuer:8400/.well-known/watchword-configuration/tenant")
    assert announced(inside).poll_url == "http://issuer:8400/tenant/r/poll"
    with pytest.raises(AnnouncementError):
        announced(inside, poll_uri="http://issuer:8400/tenant/r/poll")


def test_a_port_may_be_written_out() -> None:
    assert announced(poll_uri="https://AUTH.example.com:443/x").poll_url == "https://auth.example.com/x"


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example.com/x",
        "https://auth.example.com.evil.example/x",
        "https://auth.example.com:8443/x",
        "http://auth.example.com/x",
        "https://user@auth.example.com/x",
        "https://auth.example.com/x#y",
        "https://auth.example.com\\@evil.example.com/",
        "//auth.example.com/x",
        "/tenant/r/poll",
        "file:///etc/passwd",
        "https://[::1/",
        "",
        None,
        1,
        ...,
    ],
)
@pytest.mark.parametrize("name", ["jwks_uri", "snapshot_uri", "poll_uri", "events_uri"])
def test_j87_no_address_leads_elsewhere(name: str, address: Any) -> None:
    if name == "events_uri" and address is ...:
        assert announced(events_uri=...).events_url is None
        return
    with pytest.raises(AnnouncementError):
        announced(**{name: address})


@pytest.mark.parametrize(
    "members",
    [
        {"version": 2},
        {"version": True},
        {"version": "1"},
        {"version": ...},
        {"events_credentials": "password"},
        {"events_credentials": ...},
        {"stale_after": 0},
        {"stale_after": 10**6},
        {"stale_after": "30"},
        {"stale_after": ...},
    ],
)
def test_what_is_not_known_is_as_good_as_unreachable(members: dict[str, Any]) -> None:
    with pytest.raises(AnnouncementError):
        announced(**members)


@pytest.mark.parametrize("document", [{}, {"issuer": "https://auth.example.com"}, {"issuer": ISSUER, "revocation": []}])
def test_j91_a_document_that_is_not_this_issuers(document: dict[str, Any]) -> None:
    with pytest.raises(AnnouncementError):
        read_announcement(document, SETTINGS)
