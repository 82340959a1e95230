"""A person at a real Chromium signs in from the interactive documentation, at the real issuer."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
from fastapi import FastAPI, Security
from fastapi.staticfiles import StaticFiles
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from tests.client.toy_issuer import listening_socket, serving
from tests.e2e.chromium import FLAGS
from tests.e2e.chromium import chromium as chromium_path
from tests.e2e.installation import Installation, start

from watchword.fastapi import Guard
from watchword.verify import VerifiedClaims

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.node]

SWAGGER = Path(__file__).parent / "interop/node/node_modules/swagger-ui-dist"
PASSWORD = "alice-password-of-the-tests"
ICON = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>"


def seed_text(origin: str) -> str:
    """An API, the client of its documentation, and alice."""
    return f"""
[[api]]
url = "{origin}"
name = "Orders"
scopes = ["orders:read", {{ name = "orders:write", description = "Place orders" }}]

[[client]]
id = "orders-docs"
name = "Orders documentation"
public = true
redirect_uris = ["{origin}/docs/oauth2-redirect"]
allowed_origins = ["{origin}"]
scopes = ["openid", "orders:read", "orders:write"]

[[user]]
email = "alice@example.com"
username = "alice"
name = "Alice Example"
password = "{PASSWORD}"
"""


def orders_api(issuer: str, origin: str) -> FastAPI:
    """The API, with its documentation; the page's assets come from this machine."""
    guard = Guard(issuer=issuer, audience=origin)
    app = FastAPI(title="Orders")
    app.mount("/assets", StaticFiles(directory=SWAGGER))
    guard.sign_in_from_docs(
        app,
        client_id="orders-docs",
        swagger_js_url="/assets/swagger-ui-bundle.js",
        swagger_css_url="/assets/swagger-ui.css",
        swagger_favicon_url=ICON,
    )

    @app.get("/orders")
    async def read_orders(caller: Annotated[VerifiedClaims, Security(guard, scopes=["orders:read"])]) -> dict[str, str]:
        return {"orders_of": caller.sub}

    @app.post("/orders")
    async def place_order(caller: Annotated[VerifiedClaims, Security(guard, scopes=["orders:write"])]) -> str:
        return caller.sub

    return app


@dataclass
class Running:
    """What runs, and where the API is."""

    installation: Installation
    origin: str


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    assert SWAGGER.is_dir(), "run `npm ci` in tests/interop/node"
    directory = tmp_path_factory.mktemp("docs")
    with listening_socket() as listener:
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        seed = directory / "seed.toml"
        seed.write_text(seed_text(origin))
        installation = start(directory, "--port", "0", "--demo-port", "0", "--seed", str(seed))
        with serving(orders_api(installation.issuer, origin), listener):
            yield Running(installation, origin)
        assert installation.stop() == 0, installation.output()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(color_scheme="light", viewport={"width": 1280, "height": 900})
    yield context
    context.close()


def sign_in(page: Page) -> None:
    """What a person does from the documentation's page on."""
    page.click("button.authorize")
    with page.context.expect_page() as opened:
        page.click(".modal-ux button.authorize")
    window = opened.value
    window.fill("[name=username]", "alice")
    window.fill("[name=password]", PASSWORD)
    # The operator's own client is not asked about: the issuer sends straight back, and the window closes itself.
    with window.expect_event("close"):
        window.click("#login-submit")
    expect(page.locator(".modal-ux")).to_contain_text("Authorized")


def try_it_out(page: Page) -> tuple[str, str]:
    """Status and body of ``GET /orders``, as the page shows them."""
    operation = page.locator("#operations-default-read_orders_orders_get")
    if "is-open" not in (operation.get_attribute("class") or ""):
        operation.locator(".opblock-summary-control").click()
        operation.locator("button.try-out__btn").click()
    with page.expect_response("**/orders"):
        operation.locator("button.execute").click()
    live = operation.locator(".live-responses-table")
    status = live.locator("tbody .response-col_status").first
    expect(status).not_to_be_empty()
    return status.inner_text().split()[0], live.locator("tbody .response-col_description").first.inner_text()


def subject_of_alice(running: Running) -> str:
    """Read from the data file itself."""
    with closing(sqlite3.connect(running.installation.directory / "data" / "watchword.sqlite")) as database:
        (subject,) = database.execute("SELECT id FROM users WHERE username = 'alice'").fetchone()
    return str(subject)


def test_the_authorize_button_signs_in_and_out(running: Running, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{running.origin}/docs")
    assert try_it_out(page)[0] == "401"
    sign_in(page)
    page.click(".modal-ux .btn-done")
    status, body = try_it_out(page)
    assert status == "200"
    assert f'"orders_of": "{subject_of_alice(running)}"' in body
    page.click("button.authorize")
    page.click(".modal-ux button:has-text('Logout')")
    page.click(".modal-ux .btn-done")
    assert try_it_out(page)[0] == "401"


def test_the_documentation_says_what_each_operation_needs_and_asks_for_all_of_it(
    running: Running, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(f"{running.origin}/docs")
    page.click("button.authorize")
    boxes = page.locator(".modal-ux .scopes input[type=checkbox]")
    shown = [(box.get_attribute("data-value"), box.is_checked()) for box in boxes.all()]
    assert shown == [("orders:read", True), ("orders:write", True)]
    assert page.locator(".modal-ux input[type=text]").first.input_value() == "orders-docs"
    page.click(".modal-ux .btn-done")
    page.click("#operations-default-place_order_orders_post .authorization__btn")
    assert [box.get_attribute("data-value") for box in boxes.all()] == ["orders:write"]


def test_a_sign_in_that_fails_is_told_in_the_documentation(running: Running, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{running.origin}/docs")
    page.click("button.authorize")
    with context.expect_page() as opened:
        page.click(".modal-ux button.authorize")
    window = opened.value
    begun = page.evaluate("window.swaggerUIRedirectOauth2.state")
    with window.expect_event("close"):
        window.goto(f"{running.origin}/docs/oauth2-redirect?error=access_denied&error_description=no&state={begun}")
    expect(page.locator(".modal-ux")).to_contain_text("access_denied: no")


@pytest.mark.parametrize("state", ["", "another"])
def test_an_answer_that_nobody_waits_for_goes_nowhere(running: Running, context: BrowserContext, state: str) -> None:
    """A stranger's link with a code of their own must not sign anybody in (RFC 9700 section 4.7)."""
    page = context.new_page()
    page.goto(f"{running.origin}/docs")
    page.click("button.authorize")
    with context.expect_page() as opened:
        page.click(".modal-ux button.authorize")
    window = opened.value
    window.goto(f"{running.origin}/docs/oauth2-redirect?code=strangers&state={state}")
    expect(window.locator("body")).to_contain_text("Begin the sign-in in the documentation")
    assert window.url == f"{running.origin}/docs/oauth2-redirect"
    assert page.evaluate("Boolean(window.swaggerUIRedirectOauth2)")
    expect(page.locator(".modal-ux")).not_to_contain_text("Authorized")
