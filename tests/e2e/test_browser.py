"""A person at a real Chromium: set-up link, first administrator, sign-in, consent, an answer, a refusal, sign-out."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from tests.e2e.chromium import FLAGS
from tests.e2e.chromium import chromium as chromium_path
from tests.e2e.conftest import PASSWORD as ALICE_PASSWORD
from tests.e2e.installation import Installation, start
from tests.ports import block

pytestmark = [pytest.mark.slow, pytest.mark.browser]

EMAIL = "ada@example.com"
NAME = "Ada Lovelace"
PASSWORD = "analytical engine, first programme"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation nobody has set up yet."""
    port = block("up") + 10
    installation = start(tmp_path_factory.mktemp("fresh"), "--port", str(port), "--demo-port", str(port + 1))
    yield installation
    assert installation.stop() == 0, installation.output()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    # Without JavaScript: the pages of the issuer and of the demo must not need it.
    context = chromium.new_context(java_script_enabled=False)
    yield context
    context.close()


def live_grants(installation: Installation) -> int:
    """How many authorizations have not been withdrawn, read from the data file itself."""
    with closing(sqlite3.connect(installation.directory / "data" / "watchword.sqlite")) as database:
        (number,) = database.execute("SELECT count(*) FROM grants WHERE revoked_at IS NULL").fetchone()
    return int(number)


def sign_in(page: Page, username: str = EMAIL, password: str = PASSWORD) -> None:
    page.fill("[name=username]", username)
    page.fill("[name=password]", password)
    page.click("#login-submit")


def test_the_whole_story(fresh: Installation, context: BrowserContext, chromium: Browser) -> None:
    page = context.new_page()

    # The set-up link makes the first administrator, once.
    page.goto(fresh.ready["setup"])
    page.fill("[name=email]", EMAIL)
    page.fill("[name=name]", NAME)
    page.fill("[name=password]", PASSWORD)
    page.click("#setup-submit")
    expect(page).to_have_url(f"{fresh.issuer}/console/start")
    expect(page.locator("body")).to_contain_text(NAME)
    second = context.new_page()
    answer = second.goto(fresh.ready["setup"])
    assert answer is not None
    assert answer.status in {403, 404, 410}
    assert second.locator("#setup-submit").count() == 0

    # Somebody at another browser signs in from the demo: login, consent, and the API answers.
    before = live_grants(fresh)
    elsewhere = chromium.new_context(java_script_enabled=False)
    page = elsewhere.new_page()
    page.goto(fresh.demo_api)
    page.click("#sign-in")
    expect(page.locator("h1")).to_be_visible()
    assert "/login" in page.url
    sign_in(page)
    assert "/consent" in page.url
    expect(page.locator("body")).to_contain_text("Orders demo")
    page.click("#consent-allow")
    expect(page).to_have_url(f"{fresh.demo_api}/")
    expect(page.locator("#user")).to_contain_text(NAME)
    page.click("#show-orders")
    expect(page.locator("#status")).to_contain_text("200")

    # No script can read the session, and no page ever carries a token.
    for cookie in elsewhere.cookies():
        assert cookie["httpOnly"], cookie["name"]
        assert cookie["sameSite"] in {"Lax", "Strict"}
    assert "eyJ" not in page.content()

    # Signing out revokes the refresh token and ends the session at the issuer too.
    assert live_grants(fresh) == before + 1
    page.click("#sign-out")
    if page.locator("#logout-yes").count():
        page.click("#logout-yes")
    expect(page.locator("#sign-in")).to_be_visible()
    page.goto(fresh.demo_api)
    page.click("#sign-in")
    assert "/login" in page.url
    assert live_grants(fresh) == before
    elsewhere.close()


def test_a_wrong_password_and_an_unknown_person_look_the_same(running: Installation, context: BrowserContext) -> None:
    page = context.new_page()
    texts = []
    for who in ("alice@example.com", "nobody@example.com"):
        page.goto(f"{running.issuer}/login")
        page.fill("[name=username]", who)
        page.fill("[name=password]", "not the password")
        page.click("#login-submit")
        expect(page.locator("[role=alert]")).to_be_visible()
        texts.append(page.locator("main").inner_text().replace(who, "?"))
    assert texts[0] == texts[1]


def test_one_changed_character_is_refused(running: Installation) -> None:
    ready = running.ready
    answer = httpx2.post(
        f"{running.issuer}/token",
        data={"grant_type": "client_credentials", "scope": ready["scope"], "resource": ready["resource"]},
        auth=(ready["client_id"], ready["client_secret"]),
        trust_env=False,
    )
    token = answer.json()["access_token"]
    orders = f"{running.demo_api}/orders"
    good = httpx2.get(orders, headers={"Authorization": f"Bearer {token}"}, trust_env=False)
    assert good.status_code == 200
    assert good.json()
    middle = len(token) // 2
    changed = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]
    bad = httpx2.get(orders, headers={"Authorization": f"Bearer {changed}"}, trust_env=False)
    assert bad.status_code == 401
    assert 'error="invalid_token"' in bad.headers["www-authenticate"]
    none = httpx2.get(orders, trust_env=False)
    assert none.status_code == 401
    assert "error=" not in none.headers["www-authenticate"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_fit_two_widths_and_both_themes(
    running: Installation, chromium: Browser, width: int, scheme: str, tmp_path: Path
) -> None:
    """Nothing scrolls sideways; set SCREENSHOTS to keep the pictures."""
    pictures = Path(os.environ.get("SCREENSHOTS", tmp_path))
    context = chromium.new_context(
        viewport={"width": width, "height": 860},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=True,
    )
    page = context.new_page()

    def look(name: str) -> None:
        expect(page.locator("main")).to_be_visible()
        page.wait_for_load_state()
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{name} scrolls sideways at {width}"
        page.screenshot(path=pictures / f"{name}-{width}-{scheme}.png", full_page=True)

    page.goto(running.demo_api)
    look("demo-signed-out")
    page.click("#sign-in")
    look("login")
    sign_in(page, "alice", ALICE_PASSWORD)
    if page.locator("#consent-allow").count():
        look("consent")
        page.click("#consent-allow")
    look("demo-signed-in")
    page.click("#show-orders")
    look("demo-orders")
    page.goto(running.ready["console"])
    look("console")
    page.goto(f"{running.issuer}/authorize?client_id=nobody")
    look("error")
    page.goto(f"{running.issuer}/end_session")
    look("logout")
    page.click("#logout-yes")
    expect(page.locator("body")).to_contain_text("signed out")
    look("logged-out")
    context.close()
