"""The design language keeps its own rules: everything named, documented, legible in both themes."""

import re
from importlib import resources
from pathlib import Path

import pytest

CSS = resources.files("watchword").joinpath("static", "watchword.css").read_text()
DOCUMENT = (Path(__file__).parents[2] / "docs" / "design.md").read_text()
DECLARED = dict(re.findall(r"(--ww-[a-z0-9-]+):\s*([^;]+);", CSS))
THEMES = ("light", "dark")

# Text needs 4.5 : 1, what only marks or bounds needs 3 : 1.
# https://www.w3.org/TR/WCAG22/#contrast-minimum and #non-text-contrast
TEXT = [
    ("ink", "canvas"), ("ink", "canvas-glow"), ("ink", "surface"), ("ink", "sunken"), ("ink", "selection"),
    ("ink-soft", "canvas"), ("ink-soft", "canvas-glow"), ("ink-soft", "surface"), ("ink-soft", "sunken"),
    ("ink-faint", "canvas"), ("ink-faint", "canvas-glow"), ("ink-faint", "surface"), ("ink-faint", "sunken"),
    ("lantern-ink", "canvas"), ("lantern-ink", "canvas-glow"), ("lantern-ink", "surface"),
    ("on-action", "action"), ("on-action", "action-hover"),
    ("on-danger", "danger"), ("on-danger", "danger-hover"),
    ("info-ink", "info-tint"), ("good-ink", "good-tint"), ("warn-ink", "warn-tint"), ("error-ink", "error-tint"),
    ("error-ink", "surface"),
    ("token-header", "sunken"), ("token-payload", "sunken"), ("token-signature", "sunken"),
]  # fmt: skip
MARKS = [
    ("line-strong", "surface"), ("line-strong", "canvas"),
    ("focus", "surface"), ("focus", "canvas"), ("focus", "canvas-glow"),
    ("error-ink", "surface"), ("good-ink", "surface"),
    ("action", "surface"), ("danger", "surface"),
    ("mark-body", "canvas"), ("mark-word", "mark-body"),
    ("token-header", "surface"), ("token-payload", "surface"), ("token-signature", "surface"),
]  # fmt: skip


def colour(name: str, theme: str) -> tuple[int, int, int]:
    both = re.fullmatch(r"light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", DECLARED[f"--ww-{name}"])
    assert both is not None, f"--ww-{name} is not a solid colour in both themes"
    value = both[1 + THEMES.index(theme)]
    return int(value[1:3], 16), int(value[3:5], 16), int(value[5:7], 16)


def luminance(rgb: tuple[int, int, int]) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str, theme: str) -> float:
    dark, light = sorted((luminance(colour(one, theme)), luminance(colour(other, theme))))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_wcag_does() -> None:
    assert luminance((255, 255, 255)) == pytest.approx(1)
    assert luminance((0, 0, 0)) == 0
    assert luminance((119, 119, 119)) == pytest.approx(0.1845, abs=1e-4)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_is_legible(ink: str, ground: str, theme: str) -> None:
    assert contrast(ink, ground, theme) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("mark", "ground"), MARKS)
def test_marks_are_visible(mark: str, ground: str, theme: str) -> None:
    assert contrast(mark, ground, theme) >= 3


def test_every_colour_used_for_reading_is_measured() -> None:
    inks = set(re.findall(r"(?<![-\w])color: var\(--ww-([a-z-]+)\)", CSS))
    grounds = set(re.findall(r"background(?:-color)?: var\(--ww-([a-z-]+)\)", CSS))
    assert inks <= {ink for ink, _ in TEXT}
    # The lantern's dot in the ribbon is an ornament beside words that say the same.
    assert grounds - {"lantern"} <= {ground for _, ground in TEXT}


def test_variables_are_defined_used_and_documented() -> None:
    used = set(re.findall(r"var\((--ww-[a-z0-9-]+)", CSS))
    documented = set(re.findall(r"`(--ww-[a-z0-9-]+)`", DOCUMENT))
    assert used - set(DECLARED) == set()
    assert set(DECLARED) - documented == set()
    assert documented - set(DECLARED) == set()


def test_components_take_their_colours_from_variables() -> None:
    _, _, components = CSS.partition("/* Ground")
    assert components
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgb\(|hsl\(", components) == []


def test_components_are_documented() -> None:
    classes = set(re.findall(r"\.([a-z][a-z-]+)", re.sub(r"/\*.*?\*/", "", CSS, flags=re.DOTALL)))
    documented = set(re.findall(r"`\.([a-z][a-z-]+)`", DOCUMENT))
    assert classes - documented == set()
    assert documented - classes == set()


def test_small_and_self_contained() -> None:
    assert len(CSS.encode()) < 30_000
    assert "@import" not in CSS
    assert "url(" not in CSS
    assert "@font-face" not in CSS


def test_a_theme_changes_colours_and_nothing_else() -> None:
    """`light-dark()` makes colours only; so what is no colour need not be looked at in both themes."""
    static = resources.files("watchword").joinpath("static")
    sheets = [file.read_text() for file in static.iterdir() if file.name.endswith((".css", ".js"))]
    assert len(sheets) > 10
    assert not any("prefers-color-scheme" in text for text in sheets)
    assert CSS.count("data-theme") == 2
    assert not any("data-theme" in text for text in sheets if text != CSS)


def test_theme_may_be_chosen_and_motion_refused() -> None:
    assert "color-scheme: light dark;" in CSS
    assert ':root[data-theme="light"] { color-scheme: light; }' in CSS
    assert ':root[data-theme="dark"] { color-scheme: dark; }' in CSS
    assert re.search(r"prefers-reduced-motion: reduce\) \{\s*:root \{ --ww-motion: 0ms linear; \}", CSS)
    moving = re.findall(r"(?:transition|animation): ([^;]+);", CSS)
    assert moving
    assert all(part.strip().endswith("var(--ww-motion)") for value in moving for part in value.split(","))
    assert "outline: none" not in CSS
    assert "outline: 0" not in CSS
