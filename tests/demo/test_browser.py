"""The web application: tokens stay on the server, forms of strangers are refused, signing out ends everything."""

import re
from collections.abc import Iterator

import httpx2
import pytest
from tests.client.toy_issuer import ToyIssuer

from watchword.clock import SettableClock
from watchword.demo.settings import DemoSettings

CODE = re.compile(r"csrf_token\" value=\"([^\"]+)\"")


@pytest.fixture
def browser() -> Iterator[httpx2.Client]:
    """A browser: cookies, and redirects followed."""
    with httpx2.Client(follow_redirects=True, trust_env=False) as client:
        yield client


def sign_in(browser: httpx2.Client, demo: DemoSettings) -> httpx2.Response:
    page = browser.get(f"{demo.origin}/sign-in")
    assert page.url == f"{demo.origin}/"
    return page


def csrf_token(page: httpx2.Response) -> str:
    found = CODE.search(page.text)
    assert found is not None
    return found[1]


def session_cookie(browser: httpx2.Client, demo: DemoSettings) -> str:
    return browser.cookies[f"orders_session_{demo.origin.rpartition(':')[2]}"]


def test_the_whole_way(browser: httpx2.Client, demo: DemoSettings, issuer: ToyIssuer) -> None:
    assert 'id="sign-in"' in browser.get(demo.origin).text
    page = sign_in(browser, demo)
    assert "Alice" in page.text
    orders = browser.get(f"{demo.origin}/me/orders")
    assert 'id="status">200 OK' in orders.text
    assert "a flat white" in orders.text
    placed = browser.post(
        f"{demo.origin}/me/orders", data={"item": "a <b>ristretto</b>", "csrf_token": csrf_token(orders)}
    )
    assert 'id="status">201 Created' in placed.text
    assert "a &lt;b&gt;ristretto&lt;/b&gt;" in placed.text
    # A reload shows the answer again, and orders nothing.
    assert [one.status_code for one in placed.history] == [303]
    assert browser.get(placed.url).text == placed.text
    assert browser.get(f"{demo.origin}/me/orders").text.count("ristretto") == 1
    signed_out = browser.post(f"{demo.origin}/sign-out", data={"csrf_token": csrf_token(placed)})
    assert signed_out.url == f"{demo.origin}/"
    assert 'id="sign-in"' in signed_out.text
    assert [name for name, _, _ in issuer.seen] == ["authorize", "token", "revoke", "end_session"]


def test_it_asks_for_what_it_needs(browser: httpx2.Client, demo: DemoSettings, issuer: ToyIssuer) -> None:
    sign_in(browser, demo)
    _, asked, _ = issuer.seen[0]
    assert asked["scope"] == "openid profile email offline_access orders:read orders:write"
    assert asked["resource"] == demo.audience
    assert asked["redirect_uri"] == f"{demo.origin}/callback"
    assert asked["code_challenge_method"] == "S256"


def test_no_page_header_or_cookie_carries_a_token(
    browser: httpx2.Client, demo: DemoSettings, issuer: ToyIssuer
) -> None:
    pages = [sign_in(browser, demo), browser.get(demo.origin), browser.get(f"{demo.origin}/me/orders")]
    live = next(iter(issuer.live_refresh_tokens))
    for answer in [*pages, *(step for page in pages for step in page.history)]:
        seen = answer.text + str(answer.headers)
        assert "eyJ" not in seen
        assert live not in seen
        assert "canary-secret" not in seen


def test_cookies_and_pages_are_closed_to_scripts(browser: httpx2.Client, demo: DemoSettings) -> None:
    page = sign_in(browser, demo)
    given = [
        header
        for step in page.history
        for header in step.headers.get_list("set-cookie")
        if str(step.url).startswith(demo.origin)
    ]
    port = demo.origin.rpartition(":")[2]
    assert {header.partition("=")[0] for header in given} == {f"orders_login_{port}", f"orders_session_{port}"}
    for header in given:
        assert "HttpOnly" in header
        assert "SameSite=lax" in header
        assert "Path=/" in header
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert f"form-action 'self' {demo.issuer}" in policy
    assert "<script" not in page.text
    assert page.headers["cache-control"] == "no-store"


def test_every_sign_in_gets_a_new_session(browser: httpx2.Client, demo: DemoSettings) -> None:
    sign_in(browser, demo)
    first = session_cookie(browser, demo)
    sign_in(browser, demo)
    second = session_cookie(browser, demo)
    assert first != second
    assert len(first) == 43
    with httpx2.Client(trust_env=False, cookies={f"orders_session_{demo.origin.rpartition(':')[2]}": first}) as thief:
        assert 'id="sign-in"' in thief.get(demo.origin).text


def callback_url(client: httpx2.Client, demo: DemoSettings) -> str:
    """The address at which a sign-in comes back, not opened yet."""
    begun = client.get(f"{demo.origin}/sign-in", follow_redirects=False)
    approved = client.get(begun.headers["location"], follow_redirects=False)
    return str(approved.headers["location"])


def test_an_answer_is_taken_only_from_the_browser_that_asked(
    browser: httpx2.Client, demo: DemoSettings, issuer: ToyIssuer
) -> None:
    """O08: an attacker sends the victim the end of a login of their own."""
    url = callback_url(browser, demo)
    with httpx2.Client(trust_env=False) as victim:
        assert victim.get(url).status_code == 400
        victims_own = callback_url(victim, demo)
        assert victim.get(url).status_code == 400
        assert victim.get(victims_own).status_code == 303
    assert browser.get(url, follow_redirects=False).status_code == 303
    assert issuer.count("token") == 2


def test_an_answer_is_taken_once(browser: httpx2.Client, demo: DemoSettings, issuer: ToyIssuer) -> None:
    url = callback_url(browser, demo)
    assert browser.get(url, follow_redirects=False).status_code == 303
    again = browser.get(url, follow_redirects=False)
    assert again.status_code == 400
    assert "set-cookie" not in again.headers
    assert issuer.count("token") == 1


def test_an_answer_of_another_issuer_is_refused(browser: httpx2.Client, demo: DemoSettings, issuer: ToyIssuer) -> None:
    """O07"""
    issuer.lies.response = {"iss": "https://evil.example"}
    page = browser.get(f"{demo.origin}/sign-in")
    assert page.status_code == 502
    assert "evil" not in page.text
    assert issuer.count("token") == 0


def test_a_declined_sign_in_is_told(browser: httpx2.Client, demo: DemoSettings, issuer: ToyIssuer) -> None:
    issuer.lies.response = {"error": "access_denied", "code": None}
    page = browser.get(f"{demo.origin}/sign-in")
    assert page.status_code == 403
    assert "declined" in page.text


def test_two_tabs_can_sign_in_at_once(browser: httpx2.Client, demo: DemoSettings) -> None:
    one, two = callback_url(browser, demo), callback_url(browser, demo)
    assert browser.get(one, follow_redirects=False).status_code == 303
    assert browser.get(two, follow_redirects=False).status_code == 303


@pytest.mark.parametrize("path", ["/sign-out", "/me/orders"])
def test_a_form_of_a_stranger_is_refused(
    browser: httpx2.Client, demo: DemoSettings, issuer: ToyIssuer, path: str
) -> None:
    page = sign_in(browser, demo)
    good = csrf_token(page)
    for data, headers in (
        ({}, {}),
        ({"csrf_token": "A" * 43}, {}),
        ({"csrf_token": "é"}, {}),
        ({"csrf_token": good}, {"sec-fetch-site": "cross-site"}),
        ({"csrf_token": good}, {"sec-fetch-site": "same-site"}),  # another port of localhost is the same site
    ):
        answer = browser.post(f"{demo.origin}{path}", data={"item": "x", **data}, headers=headers)
        assert answer.status_code == 403
    assert "Alice" in browser.get(demo.origin).text
    assert issuer.count("revoke") == 0


def test_signing_out_by_a_link_is_not_possible(browser: httpx2.Client, demo: DemoSettings) -> None:
    sign_in(browser, demo)
    assert browser.get(f"{demo.origin}/sign-out").status_code == 405


def test_tokens_are_renewed_on_the_server(
    browser: httpx2.Client, demo: DemoSettings, issuer: ToyIssuer, clock: SettableClock
) -> None:
    sign_in(browser, demo)
    clock.advance(299)
    assert 'id="status">200 OK' in browser.get(f"{demo.origin}/me/orders").text
    assert 'id="status">200 OK' in browser.get(f"{demo.origin}/me/orders").text
    renewals = [(fields, authorization) for name, fields, authorization in issuer.seen[2:] if name == "token"]
    assert len(renewals) == 1
    fields, authorization = renewals[0]
    assert fields["resource"] == demo.audience
    assert authorization is not None
    assert authorization.startswith("Basic ")


def test_a_login_withdrawn_at_the_issuer_ends_here_too(
    browser: httpx2.Client, demo: DemoSettings, issuer: ToyIssuer, clock: SettableClock
) -> None:
    sign_in(browser, demo)
    issuer.live_refresh_tokens.clear()
    clock.advance(300)
    page = browser.get(f"{demo.origin}/me/orders")
    assert page.url == f"{demo.origin}/"
    assert 'id="sign-in"' in page.text


def test_a_refusal_of_the_api_is_shown_as_it_is(browser: httpx2.Client, demo: DemoSettings, issuer: ToyIssuer) -> None:
    issuer.lies.token_answer = {"access_token": issuer.access_token("https://other.example", "orders:read")}
    issuer.lies.id_token = {"at_hash": None}
    sign_in(browser, demo)
    page = browser.get(f"{demo.origin}/me/orders")
    assert page.status_code == 200
    assert 'id="status">401 Unauthorized' in page.text
    assert "invalid_token" in page.text
    assert 'id="challenge"' in page.text


def test_a_session_ends_after_eight_hours(browser: httpx2.Client, demo: DemoSettings, clock: SettableClock) -> None:
    sign_in(browser, demo)
    clock.advance(8 * 3600 - 1)
    assert 'id="user"' in browser.get(demo.origin).text
    clock.advance(1)
    assert 'id="sign-in"' in browser.get(demo.origin).text


def test_signing_out_works_while_the_issuer_is_away(
    browser: httpx2.Client, demo: DemoSettings, issuer: ToyIssuer, clock: SettableClock
) -> None:
    page = sign_in(browser, demo)
    clock.advance(301)  # what was known of the issuer is asked for again
    issuer.lies.metadata = {"issuer": "https://another.example"}
    signed_out = browser.post(f"{demo.origin}/sign-out", data={"csrf_token": csrf_token(page)})
    assert 'id="sign-in"' in signed_out.text
    assert browser.get(f"{demo.origin}/sign-in").status_code == 503
