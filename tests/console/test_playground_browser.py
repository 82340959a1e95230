"""The playground, as a person uses it: each kind created, run and attacked, for real."""

import io
import zipfile
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from tests.console.up import Watched, answer_sign_in, browsing, running_up, set_up, sign_in
from tests.e2e.installation import Installation

from watchword.console.playground.kinds import arrows_of, attacks_on
from watchword.console.projects import PROJECTS, ProjectKind

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FRONT = "/console/playground"
# What each attack ends with: the reason of the verifier or the issuer, where there is one.
LAST_CODES = {
    "change-a-claim": "signature_invalid",
    "replay-after-expiry": "token_expired",
    "another-audience": "audience_mismatch",
    "id-token-as-access-token": "type_mismatch",
    "refresh-token-replay": "invalid_grant",
    "code-replay": "invalid_grant",
    "revoked-token": "token_revoked",
}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with running_up(tmp_path_factory.mktemp("playground"), offset=8) as installation:
        with browsing() as first:
            set_up(first.page, installation)
            first.page.click("#start-playground")
            expect(first.page.locator("h1")).to_have_text("What do you build?")
            expect(first.page.locator(".play-kind")).to_have_count(len(PROJECTS))
        yield installation


@pytest.fixture
def watched(up: Installation) -> Iterator[Watched]:
    with browsing() as opened:
        sign_in(opened.page, up, FRONT)
        yield opened


def create(page: Page, kind: ProjectKind) -> None:
    """From the front page to the project, which is created if it is not there."""
    page.goto(page.url.split(FRONT)[0] + FRONT)
    page.click(f"#kind-{kind.name}")
    expect(page.locator("h1")).to_have_text(kind.title)
    if page.locator("#play-create").count():
        page.click("#play-create")
    expect(page.locator("#play-download")).to_be_visible()


def run(page: Page, kind: ProjectKind) -> None:
    """Every arrow, an Enter each: the button has the focus of who comes with the keyboard."""
    for number, arrow in enumerate(arrows_of(kind)):
        if page.locator(f"#step-{arrow.name}[data-done=yes]").count():
            continue
        page.focus("#play-step")
        page.keyboard.press("Enter")
        if arrow.name == "authorize" and "offline_access" in kind.wanted().sign_in_scopes:
            page.wait_for_url(lambda url: "/consent" in url or ("/run" in url and "open=" in url))
            if page.locator("#consent-allow").count():
                page.click("#consent-allow")
        expect(page.locator(f"#step-{arrow.name}")).to_have_attribute("data-done", "yes")
        assert number < 5
    expect(page.locator("#play-step")).to_have_count(0)


@pytest.mark.parametrize("kind", PROJECTS, ids=lambda kind: kind.name)
def test_a_kind_is_created_run_and_attacked(up: Installation, watched: Watched, kind: ProjectKind) -> None:
    page = watched.page
    create(page, kind)
    for choice, _ in kind.wanted().why:
        expect(page.get_by_text(choice, exact=True).first).to_be_visible()
    secret = archive_of(page, kind)

    page.click("#play-on")
    expect(page.locator("h1")).to_have_text("Run it live")
    run(page, kind)
    last = page.locator("#step-api")
    expect(last).to_contain_text("200 OK")
    last.locator("summary").focus()
    if not last.locator("details[open]").count():
        page.keyboard.press("Enter")
    expect(last.get_by_role("region", name="Answer")).to_contain_text("a flat white")
    # The state has a link: whoever comes back finds what was done.
    page.goto(f"{up.issuer}{FRONT}/{kind.name}/run")
    expect(last).to_contain_text("200 OK")

    page.click("#play-on")
    expect(page.locator("h1")).to_have_text("Attack it live")
    for attack in attacks_on(kind):
        if attack.name in {"rotate-the-key", "compromise-the-key"}:
            continue  # a successor must have been published for more than a minute: they have tests of their own
        page.click(f"#attack-{attack.name}")
        if attack.name == "sign-out-everywhere":  # of this console, too; the sign-in leads to what came of it
            answer_sign_in(page)
        expect(page.locator("#play-state")).to_have_text("The defence held")
        expect(page.locator("#outcome")).to_contain_text(attack.why)
        if attack.name in LAST_CODES:
            expect(page.locator("#play-code")).to_have_text(LAST_CODES[attack.name])
        assert f"shown={attack.name}" in page.url
        for text in secret:
            assert text not in page.content()
        if attack.ends_the_run:
            page.click("#play-ended a")
            run(page, kind)
            page.click("#play-on")
    page.goto(f"{up.issuer}{FRONT}")
    card = page.locator(".play-kind", has=page.locator(f"#kind-{kind.name}"))
    expect(card).to_contain_text("created")
    expect(card).to_contain_text(f"{len(arrows_of(kind))} of {len(arrows_of(kind))} steps")
    expect(card).to_contain_text(f"{len(attacks_on(kind)) - 2} of {len(attacks_on(kind))} attacks")


def archive_of(page: Page, kind: ProjectKind) -> list[str]:
    """The secrets in the downloaded archive, whose files are those that the page lists."""
    with page.expect_download() as downloading:
        page.click("#play-download")
    with zipfile.ZipFile(io.BytesIO(downloading.value.path().read_bytes())) as packed:
        names = [name.partition("/")[2] for name in packed.namelist()]
        listed = page.locator(".play-files nav a").all_text_contents()
        assert sorted(names) == sorted(listed)
        for name in listed:
            page.click(f".play-files nav a:text-is('{name}')")
            expect(page.locator(".play-files nav [aria-current]")).to_have_text(name)
            if page.locator("#play-secret").count():
                continue
            text = packed.read(f"{kind.name}/{name}").decode()
            assert page.locator("#play-source").text_content() == text
        held = [packed.read(name).decode().strip() for name in packed.namelist() if "secret" in name]
    assert (held == []) == kind.wanted().public
    for text in held:
        assert text not in page.content()
    return held


def test_the_wait_before_a_rotation_is_told(watched: Watched) -> None:
    """Every verifier's cache must have seen the next key before it signs."""
    page, kind = watched.page, next(kind for kind in PROJECTS if kind.name == "service-to-service")
    create(page, kind)
    page.click("#play-on")
    if page.locator("#play-again").count():
        page.click("#play-again")
    run(page, kind)
    page.click("#play-on")
    page.click("#attack-rotate-the-key")
    error = page.locator("#play-error")
    if error.count():
        expect(error).to_contain_text("try again in")
    else:
        expect(page.locator("#play-state")).to_have_text("The defence held")


def test_without_scripts_it_does_the_same(up: Installation) -> None:
    kind = PROJECTS[0]
    with browsing(scripts=False) as watched:
        page = watched.page
        sign_in(page, up, FRONT)
        create(page, kind)
        page.click("#play-on")
        if page.locator("#play-again").count():
            page.click("#play-again")
        run(page, kind)
        page.click("#play-on")
        page.click("#attack-algorithm-none")
        expect(page.locator("#play-state")).to_have_text("The defence held")


def test_an_answer_that_nobody_waits_for_is_refused(up: Installation, watched: Watched) -> None:
    page = watched.page
    for query in ("", "?state=web-app.x&code=y", "?state=start.x&code=y&iss=z", "?state=nothing.x&error=access_denied"):
        answer = page.goto(f"{up.issuer}{FRONT}-callback{query}")
        assert answer is not None
        assert answer.status == 400
        expect(page.locator("h1")).to_have_text("The sign-in did not succeed")
