"""What a page's answer says beside its HTML (O11, O12)."""

from importlib import resources

import pytest
from starlette.requests import Request

from watchword.issuer.interaction.rendering import Renderer, content_security_policy, render, sentence

REQUEST = Request({"type": "http", "method": "GET", "path": "/", "headers": []})
GONE = {"client_name": None}


def test_headers() -> None:
    response = render(REQUEST, "logged_out.html", GONE, status=410)
    assert response.status_code == 410
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "same-origin"
    assert response.headers["x-frame-options"] == "DENY"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )


def test_form_may_lead_to_the_client() -> None:
    response = render(REQUEST, "logged_out.html", GONE, form_action="https://app.example:8443/callback?x=1#y")
    assert "form-action 'self' https:;" in response.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("http://127.0.0.1:53411/callback", "http:"),
        ("http://[::1]:9000/callback", "http:"),
        ("https://app.example/callback", "https:"),
        ("https://app.example;script-src *", "https:"),
        ("https://app.example, default-src *", "https:"),
        ("https://*/callback", "https:"),
        ("https://app.example 'unsafe-inline'", "https:"),
        ("com.example.app:/callback", "com.example.app:"),
    ],
)
def test_only_the_scheme_is_told(address: str, source: str) -> None:
    """O11: nothing of an address can end the directive. A client may send the user on to any host of its own."""
    assert f"form-action 'self' {source};" in content_security_policy(address)


@pytest.mark.parametrize(
    "address",
    [
        "data:text/html,x",
        "javascript:alert(1)",
        "'none'",
        "/relative",
        "",
    ],
)
def test_hostile_address_changes_nothing(address: str) -> None:
    """O05, O11: what no client can register is left out; the redirect then fails closed."""
    assert content_security_policy(address) == content_security_policy()


def test_first_package_wins_and_shares_the_rest() -> None:
    console = Renderer("watchword.console", "watchword.issuer.interaction")
    page = bytes(console(REQUEST, "setup_closed.html", {"login_url": "/login", "command": "watchword up"}).body)
    assert b'class="card card-signed"' in page


def test_error_sentences() -> None:
    assert sentence("the link is dead") == "The link is dead."
    assert sentence("Why?") == "Why?"
    assert sentence("") == "."


def test_templates_are_packaged() -> None:
    for package in ("watchword.issuer.interaction", "watchword.console"):
        assert resources.files(package).joinpath("templates").is_dir()
