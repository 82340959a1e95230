"""The pages of users: found, made, kept out, and never left without an admin."""

import html
import time
from functools import partial

import pytest
from sqlalchemy import Connection, insert
from tests.console.running import GOOD, PASSWORD, Console, hidden
from tests.console.statements import counted

from watchword.admin.clients import ClientRequest, add_client
from watchword.admin.mail import list_mail
from watchword.admin.user_review import user_file
from watchword.admin.users import UserRequest, add_user, list_users
from watchword.store.repositories import consents
from watchword.store.tables import role_assignments, subjects, user_identifiers, users

pytestmark = pytest.mark.anyio

HOSTILE = "<script>alert(1)</script>\u202e"


async def token(console: Console) -> dict[str, str]:
    return {"csrf_token": hidden(await console.browser.get("/console/users?new=1"), "csrf_token")}


async def ada(console: Console) -> str:
    (found,) = [user for user, _ in await list_users(console.desk) if user.email == GOOD["email"]]
    return found.id


def fill(connection: Connection, count: int) -> None:
    """So many users, written as the repository writes them."""
    names = [f"user{number:05}@example.com" for number in range(count)]
    connection.execute(insert(subjects), [{"id": name, "kind": "user", "created_at": 1.0} for name in names])
    row = {"claims": {}, "status": "active", "created_at": 1.0, "password_hash": None, "password_changed_at": None}
    connection.execute(
        insert(users),
        [{**row, "id": name, "username": name, "email": name, "email_verified_at": None} for name in names],
    )
    connection.execute(
        insert(user_identifiers), [{"identifier": name, "user_id": name, "kind": "username"} for name in names]
    )
    connection.execute(
        insert(role_assignments), [{"subject_id": name, "role": "clerk", "assigned_at": 1.0} for name in names]
    )


async def test_a_user_is_made_invited_and_shown(console: Console) -> None:
    await console.sign_in()
    form = await token(console)
    typed = {"email": "bob@example.com", "name": "Bob", "roles": "clerk admin", "password": PASSWORD, "invite": "yes"}
    done = await console.browser.post("/console/users", data=form | typed)
    assert done.status_code == 303
    page = await console.browser.get(done.headers["location"])
    for text in ("Bob", "bob@example.com", "clerk", "opens this console", "User created", "Ada Lovelace"):
        assert text in page.text
    assert PASSWORD not in page.text
    (mail,) = await list_mail(console.desk)
    assert mail.purpose == "invitation"


@pytest.mark.parametrize(
    "changes", [{"email": "nobody"}, {"password": "short"}, {"email": GOOD["email"]}, {"roles": "a\u200eb"}]
)
async def test_mistakes_come_back_without_the_password(console: Console, changes: dict[str, str]) -> None:
    await console.sign_in()
    typed = {"email": "bob@example.com", "name": "Bob", "roles": "", "password": "waterfall at dusk"} | changes
    answer = await console.browser.post("/console/users", data=await token(console) | typed)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert 'value="Bob"' in answer.text
    assert typed["password"] not in answer.text
    assert len(await list_users(console.desk)) == 1


async def test_ten_thousand_users_are_paged_and_searched_quickly(console: Console) -> None:
    """Keyset paging: the last page costs what the first does, and no page asks about users one by one."""
    await console.sign_in()
    await console.store.write(lambda connection: fill(connection, 10_000))
    await console.browser.get("/console/users")
    spent, statements = [], set()
    for path in ("", "?after=user09900@example.com", "?q=user0999", "?q=nothing+like+it"):
        with counted() as seen:
            began = time.perf_counter()
            page = await console.browser.get(f"/console/users{path}")
            spent.append(time.perf_counter() - began)
        statements.add(len(seen))
        assert page.status_code == 200
        assert "10001 accounts in all" in page.text
    assert max(statements) <= 12
    # Tens of milliseconds on an idle core; the machine of a test is seldom idle.
    assert min(spent) < 0.05
    first = (await console.browser.get("/console/users")).text
    assert first.count('<th scope="row">') == 50
    assert "after=user00048" in html.unescape(first)
    found = (await console.browser.get("/console/users?q=user0999")).text
    assert found.count('<th scope="row">') == 10


async def test_what_is_done_to_a_user(console: Console) -> None:
    await console.sign_in()
    bob = await add_user(console.desk, UserRequest(email="bob@example.com", password=PASSWORD))
    form, url = await token(console), f"/console/users/{bob.id}"
    before = await user_file(console.desk, bob.id)
    steps = [
        ("roles", {"role": "clerk"}),
        ("sign-out", {}),
        ("password", {"password": "waterfall at dusk"}),
        ("disable", {}),
        ("enable", {}),
        ("roles/remove", {"role": "clerk"}),
    ]
    for path, typed in steps:
        done = await console.browser.post(f"{url}/{path}", data=form | typed)
        assert (done.status_code, done.headers["location"]) == (303, url), path
    after = await user_file(console.desk, bob.id)
    assert after.user.is_active
    assert after.roles == ()
    assert after.user.password_hash != before.user.password_hash
    for path, typed in (("password", {"password": "short"}), ("enable", {}), ("roles", {"role": "\u200e"})):
        refused = await console.browser.post(f"{url}/{path}", data=form | typed)
        assert refused.status_code == 422
        assert 'role="alert"' in refused.text


async def test_the_last_admin_can_neither_go_nor_be_put_out(console: Console) -> None:
    await console.sign_in()
    form, url = await token(console), f"/console/users/{await ada(console)}"
    for path, typed in (("disable", {}), ("roles/remove", {"role": "admin"})):
        refused = await console.browser.post(f"{url}/{path}", data=form | typed)
        assert refused.status_code == 422
        assert "Nobody else is an admin" in refused.text
    assert (await console.browser.get("/console")).status_code == 200
    page = (await console.browser.get(url)).text
    assert "This is you" in page
    assert "With a password" in page


async def test_hostile_names_stay_text(console: Console) -> None:
    """O11."""
    await console.sign_in()
    bob = await add_user(console.desk, UserRequest(email="bob@example.com", name=HOSTILE, roles=['"><b>']))
    for path in ("/console/users", f"/console/users/{bob.id}"):
        page = (await console.browser.get(path)).text
        assert "<script" not in page
        assert "<b>" not in page
        assert f"<bdi>{html.escape(HOSTILE)}</bdi>" in page


@pytest.mark.parametrize("path", ["nobody", "%00", "%E2%80%AE", "..%2F"])
async def test_a_user_who_is_not_there(console: Console, path: str) -> None:
    await console.sign_in()
    assert (await console.browser.get(f"/console/users/{path}")).status_code == 404
    assert (await console.browser.get(f"/console/users?after={path}&q={path}")).status_code == 200


async def test_what_a_user_allowed_is_withdrawn(console: Console) -> None:
    await console.sign_in()
    form = await token(console)
    user = await add_user(console.desk, UserRequest(email="bob@example.com"))
    client, _ = await add_client(console.desk, ClientRequest(name="Shop", redirect_uris=["https://shop.example/cb"]))
    remember = partial(
        consents.remember, user_id=user.id, client_id=client.id, scopes=("openid",), resources=(), now=time.time()
    )
    await console.store.write(remember)
    page = await console.browser.get(f"/console/users/{user.id}")
    assert f"/console/users/{user.id}/consents/withdraw" in page.text
    url = f"/console/users/{user.id}/consents/withdraw"
    assert (await console.browser.post(url, data=form | {"client_id": "nothing"})).status_code == 404
    assert (await console.browser.post(url, data=form | {"client_id": client.id})).status_code == 303
    page = await console.browser.get(f"/console/users/{user.id}")
    assert "Consent withdrawn" in page.text
    assert "consents/withdraw" not in page.text
