"""The set-up link: one use, fifteen minutes, one administrator."""

import html
import re

import anyio
import httpx2
import pytest
from sqlalchemy import Connection, func, select
from tests.console.running import GOOD, Console, hidden

from watchword.clock import SettableClock
from watchword.store.repositories import roles, users
from watchword.store.tables import setup_links

pytestmark = pytest.mark.anyio


async def count_users(console: Console) -> int:
    return await console.store.read(users.count)


async def test_link_makes_the_first_admin_and_signs_them_in(console: Console) -> None:
    form = await console.open_form(await console.link())
    done = await console.browser.post("/setup", data=form | GOOD)
    assert done.status_code == 303
    assert done.headers["location"] == "/console"

    assert await console.follow("/console") == "/console"
    home = await console.browser.get("/console")
    assert home.status_code == 200
    assert "Ada Lovelace" in home.text
    assert "http://localhost:8400/.well-known/openid-configuration" in home.text
    assert "nothing leaves this machine" in home.text

    user = await console.store.read(lambda connection: users.find_by_identifier(connection, "ADA@example.com"))
    assert user is not None
    held = await console.store.read(lambda connection: roles.roles_of(connection, user.id))
    assert held == ("admin",)


async def test_link_works_once(console: Console) -> None:
    token = await console.link()
    form = await console.open_form(token)
    assert (await console.browser.post("/setup", data=form | GOOD)).status_code == 303
    again = await console.browser.get("/setup", params={"token": token})
    assert again.status_code == 410
    assert "sign in" in again.text
    assert "watchword up" in again.text
    fresh = await open_closed(console, token)
    assert fresh.status_code == 410
    assert await count_users(console) == 1


async def open_closed(console: Console, token: str) -> httpx2.Response:
    """Post to a dead link with a good CSRF token: the console's own form carries one for this session."""
    await console.follow("/console")
    home = await console.browser.get("/console")
    form = {"csrf_token": hidden(home, "csrf_token"), "token": token}
    return await console.browser.post("/setup", data=form | GOOD | {"email": "eve@example.com"})


async def test_link_ends_after_fifteen_minutes(console: Console, clock: SettableClock) -> None:
    token = await console.link()
    form = await console.open_form(token)
    clock.advance(901)
    assert (await console.browser.get("/setup", params={"token": token})).status_code == 410
    assert (await console.browser.post("/setup", data=form | GOOD)).status_code == 410
    assert await count_users(console) == 0


@pytest.mark.parametrize("token", ["", "guess", "ww_setup_" + "A" * 43])
async def test_unknown_link_opens_nothing(console: Console, token: str) -> None:
    await console.link()
    answer = await console.browser.get("/setup", params={"token": token})
    assert answer.status_code == 410
    assert (token or "<form") not in answer.text.replace("/setup", "")


async def test_of_two_at_once_one_wins(console: Console) -> None:
    form = await console.open_form(await console.link())
    answers: list[httpx2.Response] = []

    async def submit(email: str) -> None:
        answers.append(await console.browser.post("/setup", data=form | GOOD | {"email": email}))

    async with anyio.create_task_group() as tasks:
        for number in range(4):
            tasks.start_soon(submit, f"ada{number}@example.com")
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] == 303
    # The losers carry a form of the session before, or a link that is used: either way nothing happens.
    assert set(statuses[1:]) <= {403, 410}
    assert await count_users(console) == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"password": "short"}, "The password must have at least 8 characters."),
        ({"email": "not an address"}, "not an e-mail address"),
        ({"name": ""}, "Email, name and password are all needed."),
        ({"password": ""}, "Email, name and password are all needed."),
    ],
)
async def test_mistakes_come_back_with_what_was_typed(console: Console, changes: dict[str, str], sentence: str) -> None:
    form = await console.open_form(await console.link())
    typed = form | GOOD | changes
    answer = await console.browser.post("/setup", data=typed)
    assert answer.status_code == 422
    page = html.unescape(answer.text)
    assert sentence in page
    assert f'value="{typed["email"]}"' in page
    assert f'value="{typed["name"]}"' in page
    assert hidden(answer, "token") == form["token"]
    assert not typed["password"] or typed["password"] not in page
    assert await count_users(console) == 0
    # The link is still good: the same form, corrected, goes through.
    assert (await console.browser.post("/setup", data=form | GOOD)).status_code == 303


@pytest.mark.parametrize("csrf_token", ["", "A" * 43, None])
async def test_forged_form_does_nothing(console: Console, csrf_token: str | None) -> None:
    """O17: whoever knows the link's token but not the browser's cannot submit in its name."""
    form = await console.open_form(await console.link())
    forged = {name: value for name, value in form.items() if name != "csrf_token"}
    if csrf_token is not None:
        forged["csrf_token"] = csrf_token
    answer = await console.browser.post("/setup", data=forged | GOOD)
    assert answer.status_code == 403
    assert await count_users(console) == 0
    assert await console.store.read(unused_links) == 1


def unused_links(connection: Connection) -> int:
    unused = select(func.count()).select_from(setup_links).where(setup_links.c.used_at.is_(None))
    return connection.execute(unused).scalar_one()


async def test_form_from_another_site_does_nothing(console: Console) -> None:
    form = await console.open_form(await console.link())
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = await console.browser.post("/setup", data=form | GOOD, headers=headers)
        assert answer.status_code == 403
    assert await count_users(console) == 0


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"token=a&token=b", "application/x-www-form-urlencoded"),
        (b"token=%zz", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
    ],
)
async def test_broken_form_is_a_page_not_a_crash(console: Console, body: bytes, content_type: str) -> None:
    answer = await console.browser.post("/setup", content=body, headers={"Content-Type": content_type})
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")
    assert "error" in answer.text.lower()


async def test_token_leaves_by_no_header(console: Console) -> None:
    """O84: no other site learns the address that holds the token, and no cache keeps the page."""
    answer = await console.browser.get("/setup", params={"token": await console.link()})
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert "form-action 'self';" in answer.headers["content-security-policy"]
    assert re.findall(r'(?:href|src|action)="(?!/|#)', answer.text) == []


async def test_head_runs_no_page(console: Console) -> None:
    assert (await console.browser.head("/setup")).status_code == 405
