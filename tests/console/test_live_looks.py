"""The first screen and the playground in each of their states, at two widths and both themes: nothing scrolls sideways,
and axe finds nothing.

Set SCREENSHOTS to keep the pictures; scripts/screenshots does, for these and for every other page.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.console import axe
from tests.console.up import browsing, running_up, set_up, sign_in
from tests.e2e.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PLAYGROUND = "/console/playground"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with running_up(tmp_path_factory.mktemp("looks"), offset=12) as installation:
        with browsing() as first:
            set_up(first.page, installation)
        yield installation


def violations(page: Page) -> list[str]:
    """What axe-core has against the page, in either theme."""
    page.evaluate(axe.source())
    wrong: list[str] = []
    for theme in axe.THEMES:
        page.emulate_media(color_scheme=theme)
        wrong += axe.in_words(page.evaluate(axe.question(theme)), theme)
    return wrong


def visit(page: Page, issuer: str, look: Callable[[str], None]) -> None:
    """Every state, one after the other."""
    page.goto(f"{issuer}/console/start")
    expect(page.locator(".start-life")).to_be_visible()
    look("start")
    page.click("#start-change-one-character")
    expect(page.locator("#start-code")).to_be_visible()
    look("start-refused")
    page.locator(".start-curl summary").click()
    look("start-curl")
    page.goto(f"{issuer}{PLAYGROUND}")
    look("playground")
    page.click("#kind-web-app")
    if page.locator("#play-create").count():
        look("playground-before")
        page.click("#play-create")
    expect(page.locator("#play-download")).to_be_visible()
    look("playground-project")
    page.click("#play-on")
    if page.locator("#play-again").count():
        page.click("#play-again")
    look("playground-run")
    page.click("#play-step")
    expect(page.locator("#step-return")).to_have_attribute("data-done", "yes")
    look("playground-returned")
    for name in ("token", "keys", "api"):
        page.click("#play-step")
        expect(page.locator(f"#step-{name}")).to_have_attribute("data-done", "yes")
    look("playground-ran")
    page.click("#play-on")
    look("playground-attacks")
    page.click("#attack-hs256-public-key")
    expect(page.locator("#play-state")).to_have_text("The defence held")
    look("playground-attacked")
    page.click("#attack-code-replay")
    expect(page.locator("#play-ended")).to_be_visible()
    look("playground-ended")
    page.goto(f"{issuer}/console/start")
    page.click("#start-sign-out-everywhere")
    expect(page.locator("#start-ended")).to_be_visible(timeout=10_000)
    look("start-ended")


@pytest.mark.parametrize("width", [360, 1280])
def test_every_state_fits_and_is_accessible(up: Installation, width: int) -> None:
    pictures = os.environ.get("SCREENSHOTS")
    wrong: list[str] = []
    with browsing(width=width, height=860) as watched:
        page = watched.page

        def look(name: str) -> None:
            if pictures is not None:
                for theme in axe.THEMES:
                    page.emulate_media(color_scheme=theme)
                    page.screenshot(path=Path(pictures) / f"{name}-{width}-{theme}.png", full_page=True)
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wrong.append(f"{name} scrolls sideways")
            wrong.extend(f"{name}: {violation}" for violation in violations(page))

        sign_in(page, up, "/console/start")
        visit(page, up.issuer, look)
    assert wrong == []
