"""Every page of the console in a real Chromium: two widths, both themes, with axe and by keyboard alone.

Set SCREENSHOTS to keep the pictures.
"""

import os
import socket
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from tests.console import axe
from tests.console.inspector import Watched, opened
from tests.console.running import GOOD, PASSWORD, Console

from watchword.admin.apis import add_api
from watchword.admin.clients import ClientRequest, add_client
from watchword.admin.keys import list_keys, rotate
from watchword.admin.mail import list_mail
from watchword.admin.users import UserRequest, add_user, list_users, set_password
from watchword.clock import SettableClock
from watchword.issuer.keys.rotation import prepublication
from watchword.issuer.revocation import withdraw
from watchword.store.repositories.apis import Scope
from watchword.store.repositories.audit import SYSTEM

pytestmark = [pytest.mark.anyio, pytest.mark.browser, pytest.mark.slow]

# Number everything that can be used and seen; how many there are.
NUMBER = """() => {
  const usable = "a[href], button:enabled, input:not([type=hidden]), select, textarea, summary";
  const seen = [...document.querySelectorAll(usable)].filter((one) => one.checkVisibility());
  seen.forEach((one, index) => { one.dataset.place = index; });
  return seen.length;
}"""
LONG = "Ministry-of-very-long-names-that-nobody-breaks-anywhere-and-that-go-on"


@pytest.fixture
def listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


@pytest.fixture
def origin(listener: socket.socket) -> str:
    return f"http://localhost:{listener.getsockname()[1]}"


@pytest.fixture
def demo_url() -> str:
    """Mail is kept where a demonstration runs beside the issuer."""
    return "http://localhost:8401"


async def furnished(console: Console, clock: SettableClock) -> dict[str, str]:
    """An installation some weeks old, and the address of each page of it."""
    desk = console.desk
    await desk.keys.start()
    clock.advance(prepublication(desk.settings) + 9 * 86_400)
    await rotate(desk, "ES256")
    await desk.keys.start()
    clock.advance(60)
    lost = next(key.kid for key in await list_keys(desk) if (key.algorithm, key.state) == ("RS256", "next"))
    await desk.store.write(lambda c: withdraw.key(c, lost, reason="operator", actor=SYSTEM, now=clock.now()))
    await desk.keys.start()
    orders, _ = await add_api(
        desk, identifier="https://orders.example.com", name="Orders",
        scopes=[Scope("orders:read", "See your orders"), Scope("orders:write", "Place orders")], with_secret=True,
    )  # fmt: skip
    await add_api(desk, identifier=f"https://{LONG.lower()}.example.com/v1", scopes=[Scope("stock:read", "")])
    risky, _ = await add_client(
        desk,
        ClientRequest(
            name="Shop", profile="oidc", default_api=orders.identifier,
            redirect_uris=["https://shop.example.com/callback", "https://shop.example.com/cb?return_to=/"],
            post_logout_redirect_uris=["https://elsewhere.example/"], allowed_origins=["https://shop.example.com"],
            scopes=["openid", "offline_access", "orders:read", "gone:read"],
        ),
    )  # fmt: skip
    await add_client(desk, ClientRequest(name=LONG, public=True, redirect_uris=[f"https://{LONG.lower()}.example/cb"]))
    quiet, _ = await add_client(
        desk, ClientRequest(name="Nightly batch", api_scopes={orders.identifier: ["orders:read"]})
    )
    for number in range(4):
        await add_user(desk, UserRequest(email=f"person{number}@example.com", name=f"Person {number}"))
    bob = await add_user(
        desk, UserRequest(email="bob@example.com", name=LONG, roles=["clerk"], password=PASSWORD), invite=True
    )
    clock.advance(1)
    await set_password(desk, bob.id, f"{PASSWORD} again")
    mail = (await list_mail(desk))[-1]
    (ada,) = [user for user, _ in await list_users(desk) if user.email == GOOD["email"]]
    return {
        "overview": "/console",
        "clients": "/console/clients",
        "client-risky": f"/console/clients/{risky.id}",
        "client-quiet": f"/console/clients/{quiet.id}",
        "client-new-web": "/console/clients?new=web",
        "client-new-app": "/console/clients?new=app",
        "client-new-machine": "/console/clients?new=machine",
        "apis": "/console/apis",
        "api": f"/console/apis/{orders.id}",
        "users": "/console/users",
        "users-none": "/console/users?q=nobody-at-all",
        "user-admin": f"/console/users/{ada.id}",
        "user-long": f"/console/users/{bob.id}",
        "user-new": "/console/users?new=1",
        "keys": "/console/keys",
        "audit": "/console/audit",
        "audit-none": "/console/audit?actor=nobody",
        "settings": "/console/settings",
        "mail": "/console/mail",
        "letter": f"/console/mail/{mail.id}",
    }


async def look(page: Page, name: str, width: int) -> list[str]:
    """What is wrong with the shape of what is shown now; keeps its pictures if somebody wants them."""
    pictures = os.environ.get("SCREENSHOTS")
    if pictures is not None:
        for theme in axe.THEMES:
            await page.emulate_media(color_scheme=theme)
            await page.screenshot(path=Path(pictures) / f"{name}-{width}-{theme}.png", full_page=True)
    overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [f"{name} scrolls sideways by {overflow}"] if overflow > 0 else []


@pytest.mark.parametrize("width", [360, 1280])
async def test_every_page_fits_and_is_accessible(
    console: Console, clock: SettableClock, listener: socket.socket, width: int
) -> None:
    options = {"viewport": {"width": width, "height": 860}, "reduced_motion": "reduce"}
    wrong: list[str] = []
    async with opened(console, listener, **options) as watched:
        page = watched.page
        pages = {"clients-none": "/console/clients"}
        for step in range(2):
            for name, path in pages.items():
                await page.goto(f"{watched.origin}{path}")
                wrong += await look(page, name, width)
                # What is behind a summary is part of the page.
                if await page.locator("details").count():
                    await page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
                    wrong += await look(page, f"{name}-open", width)
                wrong += [f"{name}: {violation}" for violation in await axe.violations(page)]
            if step == 0:
                pages = await furnished(console, clock)
                await renewed(console, watched)
        assert wrong + watched.complaints == []


async def renewed(console: Console, watched: Watched) -> None:
    """The weeks that passed have ended the session; the administrator signs in again."""
    page = watched.page
    await page.goto(f"{watched.origin}/login")
    await page.locator("[name=username]").fill(GOOD["email"])
    await page.locator("[name=password]").fill(GOOD["password"])
    await page.locator("#login-submit").click()
    await expect(page).to_have_url(f"{watched.origin}/console")


async def test_a_client_is_made_and_mended_without_scripts_and_by_keyboard(
    console: Console, listener: socket.socket
) -> None:
    """From the overview to a client that is in order, with the Tab and the Enter key."""
    async with opened(console, listener, java_script_enabled=False, viewport={"width": 1280, "height": 860}) as watched:
        page = watched.page
        await page.goto(f"{watched.origin}/console")
        await reach(page, "Clients")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Clients")
        await reach(page, "Register a client: Web application")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text("New client: Web application")
        await page.get_by_label("Name").fill("Shop")
        await page.get_by_label("Redirect URIs").fill("https://shop.example.com/cb?next=/")
        await reach(page, "Register")
        await page.keyboard.press("Enter")
        await expect(page.locator("#given-secret")).to_contain_text("ww_secret_")
        assert "ww_secret" not in page.url
        await page.locator("#secret-kept").click()
        await expect(page.get_by_text("A redirect URI that may send people on")).to_be_visible()
        await page.locator("#edit").press("Enter")
        await page.get_by_label("Redirect URIs").fill("https://shop.example.com/cb")
        await page.locator("#client-save").press("Enter")
        await expect(page.get_by_text("No setting of this client gives cause for concern.")).to_be_visible()
        await page.locator("#disable").press("Enter")
        await page.get_by_role("button", name="Disable").press("Enter")
        await expect(page.get_by_role("button", name="Enable")).to_be_visible()
        # A page that has been left gives up what it still loads.
        assert [text for text in watched.complaints if "/static/" not in text] == []


async def reach(page: Page, name: str) -> None:
    """Press Tab until what is called ``name`` has the focus, and can be seen to have it."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if " ".join((await focused.inner_text()).split()) == name or await focused.get_attribute("value") == name:
            return
    raise AssertionError(f"no Tab leads to {name}")


async def test_the_keyboard_reaches_everything(console: Console, clock: SettableClock, listener: socket.socket) -> None:
    """Each link, field, button and summary that can be seen has the focus once while somebody goes through the page."""
    async with opened(console, listener, viewport={"width": 1280, "height": 860}) as watched:
        page = watched.page
        pages = await furnished(console, clock)
        await renewed(console, watched)
        for name in ("overview", "client-risky", "api", "users", "user-long", "keys", "audit", "letter"):
            await page.goto(f"{watched.origin}{pages[name]}")
            wanted = await page.evaluate(NUMBER)
            reached = set()
            for _ in range(wanted + 40):
                await page.keyboard.press("Tab")
                place = await page.evaluate("document.activeElement.dataset.place ?? null")
                if place is not None and place in reached:
                    break
                reached.add(place)
            assert len(reached - {None}) == wanted, name
