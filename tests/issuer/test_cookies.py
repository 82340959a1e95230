"""Cookies of an issuer that is not on this machine alone (THREATS O55, O56)."""

from dataclasses import replace

import pytest
from starlette.requests import Request
from starlette.responses import Response

from watchword.issuer.cookies import BROWSER, SESSION, Cookie
from watchword.issuer.settings import IssuerSettings
from watchword.oauth.bearer import new_bearer

PRODUCTION = IssuerSettings(issuer="https://auth.example.com")
LOCAL = IssuerSettings(issuer="http://localhost:8400", local=True)


def request_with(*headers: str) -> Request:
    raw = [(b"cookie", header.encode("latin-1")) for header in headers]
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": raw})


@pytest.mark.parametrize("cookie", [SESSION, BROWSER])
def test_production_cookies_are_bound_to_the_host(cookie: Cookie) -> None:
    """``__Host-`` holds only with Secure, Path=/ and no Domain."""
    given, taken = Response(), Response()
    cookie.set(given, PRODUCTION, "v")
    cookie.clear(taken, PRODUCTION)
    assert given.headers["set-cookie"].startswith(f"__Host-watchword-{cookie.kind}=v;")
    assert taken.headers["set-cookie"].startswith(f'__Host-watchword-{cookie.kind}="";')
    for set_cookie in (given.headers["set-cookie"], taken.headers["set-cookie"]):
        for attribute in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
            assert attribute in set_cookie
        assert "Domain" not in set_cookie


def test_local_cookies_carry_the_port() -> None:
    """Cookies ignore ports: two issuers on one machine must not share a name."""
    other = replace(LOCAL, issuer="http://localhost:8402")
    assert SESSION.name(LOCAL) == "watchword-session-8400"
    assert SESSION.name(other) == "watchword-session-8402"
    response = Response()
    SESSION.set(response, LOCAL, "v")
    assert "Secure" not in response.headers["set-cookie"]


def test_only_a_whole_single_value_counts() -> None:
    """O56: cookie tossing and malformed cookies."""
    good = new_bearer("wws")
    name = SESSION.name(PRODUCTION)
    assert SESSION.read(request_with(f"a=b; {name}={good} ; c=d"), PRODUCTION) == good
    for headers in (
        (),
        ("",),
        (name,),
        (f"{name}=",),
        (f"{name}=short",),
        (f"{name}={good}!",),
        (f"{name}={good}; {name}={good}",),
        (f"{name}={good}", f"{name}=x"),
        (f"{name.lower()}={good}",),
        (f"watchword-session={good}",),
        (f"{name}={good}" + "a" * 60,),
        (f"\u00ff{name}={good}",),
    ):
        assert SESSION.read(request_with(*headers), PRODUCTION) is None, headers
