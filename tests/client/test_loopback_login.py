"""The listener on 127.0.0.1 takes one answer, of its own login, and shows a page that can do nothing."""

import socket
import threading
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests.client.toy_issuer import ToyIssuer

from watchword.client.discovery import discover
from watchword.client.errors import AuthorizationDeclinedError, LoginTimeoutError
from watchword.client.loopback_login import loopback_login
from watchword.client.tokens import TokenSet
from watchword.clock import SettableClock


def sign_in(issuer: ToyIssuer, clock: SettableClock, show: Callable[[str], None], timeout: float = 20.0) -> TokenSet:
    return loopback_login(
        discover(issuer.issuer),
        "command-line",
        scopes=["orders:read"],
        resources=[issuer.api],
        show=show,
        timeout=timeout,
        clock=clock,
    )


def redirect_uri(url: str) -> str:
    return parse_qs(urlsplit(url).query)["redirect_uri"][0]


def get(url: str, **headers: str) -> httpx2.Response:
    return httpx2.get(url, headers=headers, follow_redirects=False, trust_env=False)


class Browser:
    """Opens an address in another thread, as a browser would, and remembers what it saw last."""

    def __init__(self, before: Callable[[str], None] = lambda _url: None) -> None:
        self._before = before
        self.page: httpx2.Response | None = None
        self.url = ""
        self._thread: threading.Thread | None = None

    def __call__(self, url: str) -> None:
        self.url = url
        self._thread = threading.Thread(target=self._open)
        self._thread.start()

    def _open(self) -> None:
        self._before(self.url)
        self.page = httpx2.get(self.url, follow_redirects=True, trust_env=False)

    def seen(self) -> httpx2.Response:
        assert self._thread is not None
        self._thread.join(20)
        assert self.page is not None
        return self.page


def test_a_login_through_the_loopback(issuer: ToyIssuer, clock: SettableClock) -> None:
    browser = Browser()
    tokens = sign_in(issuer, clock, browser)
    assert tokens.subject == "alice-id"
    assert redirect_uri(browser.url).startswith("http://127.0.0.1:")
    page = browser.seen()
    assert page.status_code == 200
    assert "terminal" in page.text
    assert tokens.access_token not in page.text
    assert parse_qs(urlsplit(str(page.url)).query)["code"][0] not in page.text
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"


def test_the_listener_is_gone_afterwards(issuer: ToyIssuer, clock: SettableClock) -> None:
    browser = Browser()
    sign_in(issuer, clock, browser)
    browser.seen()
    port = urlsplit(redirect_uri(browser.url)).port
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        pass


def test_whatever_else_comes_is_turned_away_and_changes_nothing(issuer: ToyIssuer, clock: SettableClock) -> None:
    """O08: pages in the same browser and programs on the same machine can reach the listener too."""
    statuses: list[int] = []

    def intrude(url: str) -> None:
        callback = redirect_uri(url)
        state = parse_qs(urlsplit(url).query)["state"][0]
        root = callback.removesuffix("/callback")
        statuses.extend(
            (
                get(f"{root}/favicon.ico").status_code,
                get(callback).status_code,
                get(f"{callback}?code=evil&state=guessed&iss={issuer.issuer}").status_code,
                get(f"{callback}?code=evil&state={state}&state={state}").status_code,
                get(f"{callback}?code=evil&state={state}", host="evil.example").status_code,
                httpx2.post(callback, data={"code": "evil", "state": state}, trust_env=False).status_code,
            )
        )

    browser = Browser(before=intrude)
    tokens = sign_in(issuer, clock, browser)
    browser.seen()
    assert statuses == [404, 400, 400, 400, 421, 501]
    assert tokens.subject == "alice-id"
    assert issuer.count("token") == 1


def test_a_silent_connection_does_not_hold_up_the_browser(issuer: ToyIssuer, clock: SettableClock) -> None:
    """Browsers open connections ahead of need."""
    silent: list[socket.socket] = []

    def connect(url: str) -> None:
        silent.append(socket.create_connection(("127.0.0.1", urlsplit(redirect_uri(url)).port or 0)))

    browser = Browser(before=connect)
    try:
        assert sign_in(issuer, clock, browser).subject == "alice-id"
        browser.seen()
    finally:
        for connection in silent:
            connection.close()


def test_a_declined_login_says_so(issuer: ToyIssuer, clock: SettableClock) -> None:
    issuer.lies.response = {"error": "access_denied", "code": None}
    browser = Browser()
    with pytest.raises(AuthorizationDeclinedError) as refused:
        sign_in(issuer, clock, browser)
    assert refused.value.error == "access_denied"
    assert "did not finish" in browser.seen().text


def test_nobody_comes_back(issuer: ToyIssuer, clock: SettableClock) -> None:
    with pytest.raises(LoginTimeoutError):
        sign_in(issuer, clock, lambda _url: None, timeout=0.05)
