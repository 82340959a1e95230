"""The landing page: for signed-in administrators, and a way out."""

import pytest
from sqlalchemy import Connection
from tests.console.running import GOOD, ORIGIN, Console, hidden, without_keys
from tests.console.statements import counted

from watchword.admin.users import ADMIN_ROLE
from watchword.clock import SettableClock
from watchword.store.repositories import roles, users

pytestmark = pytest.mark.anyio


async def test_who_is_not_signed_in_is_sent_to_sign_in(console: Console) -> None:
    answer = await console.browser.get("/console")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/console/sign-in?to=%2Fconsole"
    assert await console.follow("/console") == "/login"


async def test_who_is_no_admin_is_told_so(console: Console) -> None:
    await console.sign_in()

    def demote(connection: Connection) -> None:
        user = users.find_by_identifier(connection, GOOD["email"])
        assert user is not None
        roles.remove(connection, user.id, ADMIN_ROLE)

    await console.store.write(demote)
    answer = await console.browser.get("/console")
    assert answer.status_code == 403
    assert "openid-configuration" not in answer.text


async def test_the_overview_says_how_things_are(console: Console, clock: SettableClock) -> None:
    await console.sign_in()
    await without_keys(console)
    before = (await console.browser.get("/console")).text
    assert before.count("Start the issuer: it makes the keys that are missing.") == 2
    clock.advance(1)
    await console.desk.keys.start()
    with counted() as seen:
        page = (await console.browser.get("/console")).text
    assert len(seen) <= 14
    assert page.count("Active, its successor is published.") == 2
    assert '<strong>1</strong><a href="/console/users">User</a>' in page
    assert page.count('class="console-line"') == 2 + 5
    assert "<strong>Key published</strong>" in page


async def test_sign_out_ends_the_session(console: Console) -> None:
    await console.sign_in()
    home = await console.browser.get("/console")
    cookies = dict(console.browser.cookies)
    done = await console.browser.post("/console/sign-out", data={"csrf_token": hidden(home, "csrf_token")})
    assert done.status_code == 303
    assert done.headers["location"] == "/logged-out"
    # Dead in the store, not only forgotten by the browser.
    console.browser.cookies.clear()
    assert (await console.browser.get("/console", headers={"Cookie": pairs(cookies)})).status_code == 303


def pairs(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


async def test_forged_sign_out_does_nothing(console: Console) -> None:
    """O17: no other site signs an administrator out."""
    await console.sign_in()
    assert (await console.browser.post("/console/sign-out", data={"csrf_token": "x"})).status_code == 403
    home = await console.browser.get("/console")
    token = hidden(home, "csrf_token")
    headers = {"Origin": "https://evil.example"}
    refused = await console.browser.post("/console/sign-out", data={"csrf_token": token}, headers=headers)
    assert refused.status_code == 403
    own = {"Origin": ORIGIN}
    assert (await console.browser.post("/console/sign-out", data={"csrf_token": token}, headers=own)).status_code == 303


async def test_sign_out_is_a_post(console: Console) -> None:
    await console.sign_in()
    assert (await console.browser.get("/console/sign-out")).status_code == 405
    assert (await console.browser.get("/console")).status_code == 200
