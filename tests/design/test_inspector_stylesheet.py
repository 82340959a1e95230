"""The inspector's own stylesheet keeps the rules of the design language."""

import re
from importlib import resources

from tests.design.test_stylesheet import DECLARED, TEXT

CSS = re.sub(
    r"/\*.*?\*/", "", resources.files("watchword").joinpath("static", "inspect.css").read_text(), flags=re.DOTALL
)


def test_colours_are_named_and_measured() -> None:
    assert set(re.findall(r"var\((--ww-[a-z0-9-]+)", CSS)) <= set(DECLARED)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgb\(|hsl\(", CSS) == []
    inks = set(re.findall(r"(?<![-\w])color: var\(--ww-([a-z-]+)\)", CSS))
    grounds = set(re.findall(r"background(?:-color)?: var\(--ww-([a-z-]+)\)", CSS))
    assert inks <= {ink for ink, _ in TEXT}
    assert grounds <= {ground for _, ground in TEXT}


def test_nothing_moves_and_nothing_is_fetched() -> None:
    for word in ("transition", "animation", "@import", "url(", "@font-face", "outline: none", "outline: 0"):
        assert word not in CSS


def test_every_class_is_the_inspectors_own() -> None:
    classes = set(re.findall(r"\.([a-z][a-z-]+)", CSS)) - {"token"}
    assert {name for name in classes if not name.startswith("inspect-")} == set()
