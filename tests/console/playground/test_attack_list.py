"""What a page and the document rely on, of every attack."""

import re
from pathlib import Path

import pytest

from watchword.console.playground.attacks import ATTACKS
from watchword.console.playground.attacks.attack import Attack

ROOT = Path(__file__).parents[3]
HOLDINGS = {"access_token", "refresh_token", "id_token", "code"}
RFC = re.compile(r"RFC (\d+), section ([\d.]*\d)")
DOCUMENT = (ROOT / "docs/playground.md").read_text()


def test_names_and_titles_are_their_own() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    assert len({attack.title for attack in ATTACKS}) == len(ATTACKS)
    assert len({type(attack) for attack in ATTACKS}) == len(ATTACKS)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_what_a_page_shows(attack: Attack) -> None:
    assert re.fullmatch(r"[a-z0-9-]+", attack.name)
    assert attack.needs
    assert attack.needs <= HOLDINGS
    assert 0 < len(attack.title) <= 50
    for sentence in (attack.sentence, attack.why):
        assert re.fullmatch(r"[A-Z][^.\n]*\.", sentence), sentence


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_each_has_its_place_in_a_specification(attack: Attack) -> None:
    """The label of an RFC and its link name the same section."""
    labels = [(RFC.fullmatch(source.label), source) for source in attack.sources]
    links = [f"https://www.rfc-editor.org/rfc/rfc{found[1]}#section-{found[2]}" for found, _ in labels if found]
    assert links
    assert [source.url for found, source in labels if found] == links
    for found, source in labels:
        assert found or source.url.startswith("https://openid.net/specs/openid-connect-core-1_0.html#")


def test_each_file_is_in_the_tuple() -> None:
    """A new attack is its file and its line."""
    folder = ROOT / "src/watchword/console/playground/attacks"
    files = {path.stem.replace("_", "-") for path in folder.glob("*.py")} - {"--init--", "attack", "forgery"}
    assert files == {attack.name for attack in ATTACKS}


def test_the_document_lists_them_all() -> None:
    rows = [
        f"| `{attack.name}` | {attack.title} | {', '.join(f'[{one.label}]({one.url})' for one in attack.sources)} |"
        for attack in ATTACKS
    ]
    assert [line for line in DOCUMENT.splitlines() if line.startswith("| `")] == rows
