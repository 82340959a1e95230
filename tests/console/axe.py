"""What axe-core is asked about a page: everything in one theme, and in the other what colours can change.

A theme changes colours and nothing else: tests/design/test_stylesheet.py holds the stylesheets to it.
"""

import importlib.resources
import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from playwright.async_api import Page

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
_EVERYTHING = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Of these, the ones whose verdict needs a colour.
_OF_COLOURS = ["color-contrast", "link-in-text-block"]


async def violations(page: Page) -> list[str]:
    """What axe-core has against the page, in either theme."""
    await page.evaluate(source())
    wrong: list[str] = []
    for theme in THEMES:
        await page.emulate_media(color_scheme=theme)
        wrong += in_words(await page.evaluate(question(theme)), theme)
    return wrong


@cache
def source() -> str:
    """The script that a page must have run before it is asked ``question``."""
    text = importlib.resources.files("axe_playwright_python").joinpath("axe.min.js").read_text()
    return f"{text}; undefined"


def question(theme: Theme) -> str:
    """The expression whose value is what axe found."""
    rules = _EVERYTHING if theme == "light" else _OF_COLOURS
    return f"axe.run({{runOnly: {json.dumps(rules)}}})"


def in_words(found: Mapping[str, Any], theme: Theme) -> list[str]:
    """The answer to ``question``: each violation with the elements that it is about."""
    return [f"{theme}: {one['id']}: {[node['html'][:160] for node in one['nodes']]}" for one in found["violations"]]
