"""The inspector as a person sees it: read in the browser, explained, and nothing sent."""

import logging
import socket
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect
from tests.console.inspector import NOW, Watched, opened, token
from tests.console.running import Console

pytestmark = [pytest.mark.anyio, pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


@pytest.fixture
def origin(listener: socket.socket) -> str:
    return f"http://localhost:{listener.getsockname()[1]}"


@pytest.fixture
async def watched(console: Console, listener: socket.socket) -> AsyncIterator[Watched]:
    async with opened(console, listener) as found:
        await found.page.clock.install(time=NOW - 1)
        await found.page.clock.pause_at(NOW)
        await found.page.goto(f"{found.origin}/console/inspect")
        yield found


async def test_a_pasted_token_never_leaves_the_browser(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    """Neither request, address, console nor log carries any part of it, and the page's policy lets no script send."""
    caplog.set_level(logging.DEBUG)
    page, pasted = watched.page, token()
    before = len(watched.requests)
    await page.get_by_label("Token", exact=True).fill(pasted)
    await expect(page.locator("#inspect-out")).to_contain_text("Who issued the token")
    await page.locator("[data-show]").first.click()
    await page.clock.run_for(3000)
    assert [r.url for r in watched.requests[before:] if "favicon" not in r.url] == []
    refused = await page.evaluate("fetch('/console').then(() => 'sent', () => 'refused')")
    assert refused == "refused"
    watched.complaints.clear()  # Chromium tells of that refusal
    seen = "\n".join([*watched.sent(), page.url, caplog.text])
    for part in pasted.split("."):
        assert part not in seen
    assert await page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]


async def test_claims_are_explained_with_their_specification(watched: Watched) -> None:
    page = watched.page
    await page.get_by_label("Token", exact=True).fill(token())
    row = page.locator(".inspect-row", has_text="From this moment on the token must be refused")
    await expect(row.get_by_role("link")).to_have_attribute(
        "href", "https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4"
    )
    await expect(page.locator(".inspect-row", has_text="The name of the key that signed")).to_be_visible()
    assert watched.complaints == []


async def test_times_are_in_words_and_in_the_readers_zone_and_count_down(watched: Watched) -> None:
    page = watched.page
    await page.get_by_label("Token", exact=True).fill(token())
    row = page.locator(".inspect-row", has_text="From this moment on the token must be refused")
    await expect(row).to_contain_text("Monday, 21 September 2026")
    await expect(row).to_contain_text("16:17:20 CEST")
    await expect(row).to_contain_text("2026-09-21T14:17:20Z")
    await expect(row).to_contain_text("in 4 minutes")
    await page.clock.run_for(10_000)
    await expect(row).to_contain_text("in 3 minutes 50 seconds")


async def test_a_claim_lights_its_place_and_a_place_its_claim(watched: Watched) -> None:
    page = watched.page
    await page.get_by_label("Token", exact=True).fill(token())
    await page.get_by_role("button", name="sub", exact=True).focus()
    lit = page.locator(".inspect-code .inspect-lit")
    await expect(lit).to_have_count(1)
    text = await lit.inner_text()
    assert text in token().split(".")[1]
    await page.locator(".inspect-code [data-place^=payload]").first.hover()
    await expect(page.locator(".inspect-row.inspect-lit")).to_contain_text("Who issued the token")
