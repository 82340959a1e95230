"""A person with a browser: the set-up link, a mistake, the console, the way out and in again."""

import asyncio
import socket

import pytest
import uvicorn
from playwright.async_api import async_playwright, expect
from tests.console.running import GOOD, Console
from tests.e2e.chromium import FLAGS, chromium

pytestmark = [pytest.mark.anyio, pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


@pytest.fixture
def origin(listener: socket.socket) -> str:
    return f"http://localhost:{listener.getsockname()[1]}"


async def test_first_admin(console: Console, origin: str, listener: socket.socket) -> None:
    """Without JavaScript, under the page's own policy, and with the headers that a real browser sends (O12, O17)."""
    server = uvicorn.Server(uvicorn.Config(console.application, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = await (await browser.new_context(java_script_enabled=False)).new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("requestfailed", lambda request: complaints.append(f"{request.failure} {request.url}"))

        await page.goto(f"{origin}/setup?token={await console.link()}")
        await expect(page.get_by_role("complementary")).to_contain_text("nothing leaves this machine")
        await page.get_by_label("Email").fill(GOOD["email"])
        await page.get_by_label("Name").fill(GOOD["name"])
        await page.get_by_label("Password").fill("short")
        await page.locator("#setup-submit").click()
        await expect(page.get_by_role("alert")).to_contain_text("at least 8 characters")
        await expect(page.get_by_label("Email")).to_have_value(GOOD["email"])
        await expect(page.get_by_label("Password")).to_have_value("")

        await page.get_by_label("Password").fill(GOOD["password"])
        await page.locator("#setup-submit").click()
        await expect(page).to_have_url(f"{origin}/console")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Your issuer is running")

        await page.locator("#console-sign-out").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")

        await page.goto(f"{origin}/console")
        await page.locator("[name=username]").fill(GOOD["email"])
        await page.locator("[name=password]").fill(GOOD["password"])
        await page.locator("#login-submit").click()
        await expect(page).to_have_url(f"{origin}/console")
        await browser.close()
    server.should_exit = True
    await serving
    # The answer to the short password is a 422, which Chromium notes; and what a page still loads is given up when
    # somebody goes on.
    usual = ("status of 422", "net::ERR_ABORTED")
    assert [text for text in complaints if not any(words in text for words in usual)] == []
