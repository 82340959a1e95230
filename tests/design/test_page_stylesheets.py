"""The stylesheets of single pages keep the rules of the design language."""

import re
from importlib import resources

import pytest
from tests.design.test_stylesheet import DECLARED, TEXT

SHEETS = {"inspect": {"token"}, "console": {"status", "field", "button", "small", "table", "table-scroll"}}


def css(sheet: str) -> str:
    """A stylesheet without its comments."""
    text = resources.files("watchword").joinpath("static", f"{sheet}.css").read_text()
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("sheet", SHEETS)
def test_colours_are_named_and_measured(sheet: str) -> None:
    text = css(sheet)
    assert set(re.findall(r"var\((--ww-[a-z0-9-]+)", text)) <= set(DECLARED)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgb\(|hsl\(", text) == []
    inks = set(re.findall(r"(?<![-\w])color: var\(--ww-([a-z-]+)\)", text))
    grounds = set(re.findall(r"background(?:-color)?: var\(--ww-([a-z-]+)\)", text))
    assert inks <= {ink for ink, _ in TEXT}
    assert grounds <= {ground for _, ground in TEXT}


@pytest.mark.parametrize("sheet", SHEETS)
def test_nothing_moves_and_nothing_is_fetched(sheet: str) -> None:
    for word in ("transition", "animation", "@import", "url(", "@font-face", "outline: none", "outline: 0"):
        assert word not in css(sheet)


@pytest.mark.parametrize(("sheet", "shared"), SHEETS.items())
def test_every_class_is_its_own(sheet: str, shared: set[str]) -> None:
    classes = set(re.findall(r"\.([a-z][a-z-]+)", css(sheet))) - shared
    assert {name for name in classes if not name.startswith(f"{sheet}-")} == set()
