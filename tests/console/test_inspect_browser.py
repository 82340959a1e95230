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
        await found.page.clock.install(time=NOW - 1)  # what the page's timers see, in steps that the tests take
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


async def test_who_wants_less_motion_gets_words_that_stand_longer(console: Console, listener: socket.socket) -> None:
    async with opened(console, listener, reduced_motion="reduce") as found:
        page = found.page
        await page.clock.install(time=NOW - 1)
        await page.clock.pause_at(NOW)
        await page.goto(f"{found.origin}/console/inspect")
        await page.get_by_label("Token", exact=True).fill(token())
        left = page.locator(".inspect-life")
        await page.clock.run_for(10_000)
        await expect(left).to_contain_text("Ends in 4 minutes")
        await page.clock.run_for(21_000)
        await expect(left).to_contain_text("Ends in 3 minutes 30 seconds")


async def test_a_click_sends_the_token_and_nothing_else_does(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """In the body of one POST to this server; not in an address, and in no log."""
    caplog.set_level(logging.DEBUG)
    page, pasted = watched.page, token()
    await page.get_by_label("Token", exact=True).fill(pasted)
    await page.get_by_text("Verify the signature").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("This sends the token to")).to_be_visible()
    await page.get_by_role("button", name="Send the token and verify it").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#inspect-verdict")).to_contain_text("Refused")
    await expect(page.locator("#inspect-out")).to_contain_text("Who issued the token")
    bearers = [request for request in watched.requests if pasted.split(".")[1] in (request.post_data or "")]
    assert [(request.method, request.url) for request in bearers] == [("POST", f"{watched.origin}/console/inspect")]
    addresses = " ".join(request.url + str(request.headers) for request in watched.requests)
    for part in pasted.split("."):
        assert part not in addresses + page.url + caplog.text
    assert watched.complaints == []


async def test_without_scripts_the_page_says_so_and_still_verifies(console: Console, listener: socket.socket) -> None:
    async with opened(console, listener, java_script_enabled=False) as found:
        page = found.page
        await page.goto(f"{found.origin}/console/inspect")
        await expect(page.locator("noscript .notice")).to_be_visible()
        await page.get_by_label("Token", exact=True).fill(token())
        await page.get_by_text("Verify the signature").click()
        await page.get_by_role("button", name="Send the token and verify it").click()
        await expect(page.locator("#inspect-verdict")).to_contain_text("Refused")
        assert found.complaints == []


async def test_hostile_names_and_values_stay_text(watched: Watched) -> None:
    """O11: nothing of a token becomes markup, address or code."""
    page = watched.page
    attack = "<img src=x onerror=alert(1)>"
    claims = {attack: attack, "__proto__": {"x": attack}, "iss": "javascript:alert(1)", "\u202eexp": 1}
    await page.get_by_label("Token", exact=True).fill(token({"alg": attack, "kid": attack}, claims))
    await expect(page.locator("#inspect-out")).to_contain_text(attack)
    assert await page.locator("#inspect-out img, #inspect-out script").count() == 0
    links = await page.eval_on_selector_all("#inspect-out a", "links => links.map(link => link.href)")
    assert links
    assert all(link.startswith("https://") for link in links)
    assert watched.complaints == []
