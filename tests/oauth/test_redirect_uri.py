"""Redirect URIs (O01, O04, O05)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.oauth.redirect_uri import RedirectURIError, check_registrable, matches

WEB = "https://app.example.com/callback"

TRICKS = [
    "https://app.example.com/callback/",
    "https://app.example.com/callback?x=1",
    "https://app.example.com/callback?",
    "https://app.example.com/callback#",
    "https://app.example.com/callback#x",
    "https://app.example.com/callbac",
    "https://app.example.com/callback2",
    "https://app.example.com/Callback",
    "https://APP.example.com/callback",
    "HTTPS://app.example.com/callback",
    "http://app.example.com/callback",
    "https://app.example.com:443/callback",
    "https://app.example.com:8443/callback",
    "https://app.example.com./callback",
    "https://app.example.com/./callback",
    "https://app.example.com/x/../callback",
    "https://app.example.com/x/..;/callback",
    "https://app.example.com/%63allback",
    "https://app.example.com/callback%2e",
    "https://app.example.com/callback%00",
    "https://app.example.com//callback",
    "https://app.example.com\\callback",
    "https://app.example.com/callback\\",
    "https://app.example.com/callback\t",
    "https://app.example.com/callback\n",
    " https://app.example.com/callback",
    "https://app.example.com@evil.example/callback",
    "https://user@app.example.com/callback",
    "https://app.example.com.evil.example/callback",
    "https://evil.example/https://app.example.com/callback",
    "https://evilapp.example.com/callback",
    "https://appXexample.com/callback",
    "https://app.example.com;evil.example/callback",
    "https://[::ffff:1.2.3.4]/callback",
    "https://аpp.example.com/callback",
    "//app.example.com/callback",
    "javascript:alert(1)//app.example.com/callback",
    "data:text/html,app.example.com/callback",
    "",
]


@pytest.mark.parametrize("public_client", [True, False])
@pytest.mark.parametrize("requested", TRICKS)
def test_o01_only_the_very_bytes_match(requested: str, public_client: bool) -> None:
    assert matches(WEB, WEB, public_client=public_client)
    assert not matches(WEB, requested, public_client=public_client)


LOOPBACKS = ["http://127.0.0.1/callback", "http://[::1]/callback", "http://localhost/callback"]


@pytest.mark.parametrize("registered", LOOPBACKS)
@pytest.mark.parametrize("asked", LOOPBACKS)
def test_rfc8252_the_port_of_loopback_is_free_for_public_clients_only(registered: str, asked: str) -> None:
    with_port = asked.replace("/callback", ":51004/callback")
    assert matches(registered, with_port, public_client=True) is (registered == asked)
    assert not matches(registered, with_port, public_client=False)


@pytest.mark.parametrize(
    "requested",
    [
        "http://127.0.0.1:51004/callback/",
        "http://127.0.0.1:51004/callback?a=b",
        "http://127.0.0.1:51004/callback#a",
        "http://127.0.0.1:51004@evil.example/callback",
        "http://127.0.0.1:evil.example/callback",
        "http://127.0.0.1.evil.example:51004/callback",
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:00080/callback",
        "http://127.0.0.1:99999/callback",
        "http://127.0.0.1:/callback",
        "http://127.0.0.2:51004/callback",
        "http://127.1:51004/callback",
        "http://2130706433:51004/callback",
        "http://0x7f.1:51004/callback",
        "https://127.0.0.1:51004/callback",
        "http://LOCALHOST:51004/callback",
        "http://[0:0:0:0:0:0:0:1]:51004/callback",
        "http://127.0.0.1:٥١/callback",
    ],
)
def test_o01_loopback_tricks(requested: str) -> None:
    for registered in LOOPBACKS:
        assert not matches(registered, requested, public_client=True)


@given(st.text(max_size=60))
def test_o01_nothing_but_the_registered_uri_matches_a_web_client(requested: str) -> None:
    assert matches(WEB, requested, public_client=True) is (requested == WEB)


@pytest.mark.parametrize(
    ("uri", "public_client"),
    [
        (WEB, False),
        ("https://localhost.emobix.co.uk:8443/test/a/watchword/callback?dummy1=lorem&dummy2=ipsum", False),
        ("http://localhost:8401/callback", False),
        ("http://127.0.0.1/callback", True),
        ("com.example.app:/callback", True),
    ],
)
def test_what_may_be_registered(uri: str, public_client: bool) -> None:
    check_registrable(uri, public_client=public_client)


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example.com/callback",
        "https://app.example.com/callback#fragment",
        "https://app.example.com/callback?code=1",
        "https://app.example.com/callback?a=b&State=1",
        "https://app.example.com/callback?i%73s=1",
        "https://*.example.com/callback",
        "https://user:pass@app.example.com/callback",
        "https://app.example.com/a/../callback",
        "https://app.example.com/a/%2e%2e/callback",
        "https://app.example.com/a/..;/callback",
        "https:///callback",
        "https://app.example.com:port/callback",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "myapp:/callback",
        "HTTPS://app.example.com/callback",
        "app.example.com/callback",
        "",
        "https://app.example.com/\\evil",
        "https://app.example.com/call back",
    ],
)
@pytest.mark.parametrize("public_client", [True, False])
def test_o04_o05_what_may_not(uri: str, public_client: bool) -> None:
    with pytest.raises(RedirectURIError):
        check_registrable(uri, public_client=public_client)


def test_private_use_schemes_are_for_public_clients() -> None:
    with pytest.raises(RedirectURIError):
        check_registrable("com.example.app:/callback", public_client=False)
