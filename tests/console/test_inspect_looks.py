"""Every state of the inspector at two widths and both themes: nothing scrolls sideways, and axe finds nothing.

Set SCREENSHOTS to keep the pictures.
"""

import os
import socket
from pathlib import Path

import pytest
from playwright.async_api import expect
from tests.console import axe
from tests.console.inspector import API, GOOD, HEADER, NOW, issued, opened, token
from tests.console.running import Console

pytestmark = [pytest.mark.anyio, pytest.mark.browser, pytest.mark.slow]

MISTAKEN = token(
    {**HEADER, "alg": "HS256", "typ": "JWT", "kid": "../keys/1", "jku": "https://evil.example/keys"},
    {**{name: value for name, value in GOOD.items() if name not in {"aud", "exp"}}, "api_key": "not-a-real-one"},
    bytes(32),
)
STATES = {
    "empty": "",
    "good": token(claims={**GOOD, "scope": "orders:read", "address": {"street": "Rue de la Paix 1", "city": "Paris"}}),
    "mistakes": MISTAKEN,
    "malformed": token()[:60] + "*" + token()[61:],
    "encrypted": "eyJhbGciOiJSU0EtT0FFUC0yNTYiLCJlbmMiOiJBMjU2R0NNIn0.a2V5.aXY.dGV4dA.dGFn",
}


@pytest.fixture
def listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


@pytest.fixture
def origin(listener: socket.socket) -> str:
    return f"http://localhost:{listener.getsockname()[1]}"


@pytest.mark.parametrize("width", [360, 1280])
async def test_every_state_fits_and_is_accessible(console: Console, listener: socket.socket, width: int) -> None:
    pictures = os.environ.get("SCREENSHOTS")
    options = {"viewport": {"width": width, "height": 860}, "reduced_motion": "reduce"}
    await console.desk.keys.start()
    async with opened(console, listener, **options) as watched:
        page = watched.page
        await page.clock.set_fixed_time(NOW)

        async def look(name: str) -> None:
            overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert overflow <= 0, f"{name} scrolls sideways"
            if pictures is not None:
                for theme in axe.THEMES:
                    await page.emulate_media(color_scheme=theme)
                    picture = Path(pictures) / f"inspect-{name}-{width}-{theme}.png"
                    await page.screenshot(path=picture, full_page=True)
            assert await axe.violations(page) == [], name

        await page.goto(f"{watched.origin}/console/inspect")
        for name, pasted in STATES.items():
            await page.get_by_label("Token", exact=True).fill(pasted)
            await look(name)
        await page.get_by_label("Token", exact=True).fill(STATES["good"])
        await page.get_by_role("button", name="scope", exact=True).focus()
        await look("lit")
        await page.get_by_text("Verify the signature").click()
        await look("asking")
        await page.get_by_role("button", name="Send the token and verify it").click()
        await expect(page.locator("#inspect-verdict")).to_be_visible()
        await look("refused")
        await page.get_by_text("Verify the signature").click()
        await page.get_by_label("Token", exact=True).fill(await issued(console))
        await page.get_by_label("Audience").fill(API)
        await page.get_by_role("button", name="Send the token and verify it").click()
        await expect(page.locator("#inspect-verdict")).to_contain_text("Verified")
        await look("verified")
        await page.get_by_text("Verify the signature").click()
        await page.get_by_label("Those of the issuer below").check()
        await page.get_by_role("button", name="Send the token and verify it").click()
        await expect(page.get_by_role("alert")).to_contain_text("Name the issuer")
        await look("incomplete")
        # The answer to the incomplete question is a 422, which Chromium notes.
        assert [text for text in watched.complaints if "status of 422" not in text] == []


async def test_nothing_moves_by_itself(console: Console, listener: socket.socket) -> None:
    """No layout shift, neither of the empty page nor of one that comes back with a verdict and a token to read."""
    await console.desk.keys.start()
    counting = """
      window.shift = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.shift += entry.hadRecentInput ? 0 : entry.value;
      }).observe({ type: "layout-shift", buffered: true });
    """
    async with opened(console, listener, viewport={"width": 1280, "height": 860}) as watched:
        page = watched.page
        await watched.context.add_init_script(counting)
        await page.goto(f"{watched.origin}/console/inspect")
        await page.get_by_label("Token", exact=True).fill(token())
        await page.get_by_text("Verify the signature").click()
        await page.get_by_role("button", name="Send the token and verify it").click()
        await expect(page.locator("#inspect-verdict")).to_be_visible()
        await expect(page.locator("#inspect-out")).to_contain_text("Who issued the token")
        await page.wait_for_load_state("networkidle")
        assert await page.evaluate("window.shift") < 0.01
