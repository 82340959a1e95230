"""Users let in again, roles given and taken away; somebody is always left who may open the console."""

import anyio
import pytest
from sqlalchemy import Connection
from tests.admin.conftest import actions

from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError, UnknownError
from watchword.admin.user_changes import add_role, enable_user, remove_role
from watchword.admin.user_review import PAGE, page_of_users, user_file
from watchword.admin.users import ADMIN_ROLE, UserRequest, add_user, disable_user, set_password
from watchword.store.repositories import epochs, roles, users
from watchword.store.repositories.audit import Actor
from watchword.store.repositories.users import User

pytestmark = pytest.mark.anyio

PASSWORD = "lanterns over the water"


async def made(desk: AdminDesk, name: str, *held: str) -> User:
    password = PASSWORD if ADMIN_ROLE in held else None
    return await add_user(desk, UserRequest(email=f"{name}@example.com", roles=held, password=password))


def by(desk: AdminDesk, user: User) -> AdminDesk:
    return desk.as_actor(Actor("user", user.id))


async def test_out_and_in_again(desk: AdminDesk) -> None:
    amy = await made(desk, "amy")
    with pytest.raises(InvalidRequestError):
        await enable_user(desk, amy.id)
    await disable_user(desk, amy.id)
    await enable_user(desk, amy.id)
    assert (await user_file(desk, amy.id)).user.is_active
    told = ["user.created", "user.disabled", "user.enabled", "user.tokens_revoked"]
    assert sorted(await actions(desk)) == told


async def test_a_role_is_given_once_and_ends_with_its_tokens(desk: AdminDesk) -> None:
    amy = await made(desk, "amy")
    for _ in range(2):
        await add_role(desk, amy.id, "clerk")
    assert (await user_file(desk, amy.id)).roles == ("clerk",)
    for role in ("", " ", "a\x00b", "x" * 256):
        with pytest.raises(InvalidRequestError):
            await add_role(desk, amy.id, role)
    for _ in range(2):
        await remove_role(desk, amy.id, "clerk")
    assert (await user_file(desk, amy.id)).roles == ()
    assert await desk.store.read(lambda connection: epochs.current(connection, "subject", amy.id)) > 0
    told = ["user.created", "user.role_added", "user.role_removed", "user.tokens_revoked"]
    assert sorted(await actions(desk)) == told


async def test_the_last_admin_stays(desk: AdminDesk) -> None:
    amy, bob = await made(desk, "amy", ADMIN_ROLE), await made(desk, "bob", ADMIN_ROLE)
    await disable_user(desk, bob.id)  # who is kept out counts for nothing
    for attempt in (remove_role(by(desk, amy), amy.id, ADMIN_ROLE), disable_user(by(desk, amy), amy.id)):
        with pytest.raises(InvalidRequestError, match="nobody else is an admin"):
            await attempt
    assert (await user_file(desk, amy.id)).roles == (ADMIN_ROLE,)
    await remove_role(by(desk, amy), amy.id, "clerk")
    await enable_user(desk, bob.id)
    await remove_role(by(desk, amy), amy.id, ADMIN_ROLE)
    # A stolen account must be kept out even so; the operator can make another admin.
    await disable_user(desk, bob.id)


async def test_an_admin_who_has_no_password_yet_counts_for_nothing(desk: AdminDesk) -> None:
    """The console makes such users; nobody would be left who can sign in."""
    amy = await made(desk, "amy", ADMIN_ROLE)
    bob = await add_user(desk, UserRequest(email="bob@example.com", roles=(ADMIN_ROLE,)))
    for attempt in (remove_role(by(desk, amy), amy.id, ADMIN_ROLE), disable_user(by(desk, amy), amy.id)):
        with pytest.raises(InvalidRequestError, match="nobody else is an admin"):
            await attempt
    await set_password(by(desk, amy), bob.id, PASSWORD)
    await disable_user(by(desk, amy), amy.id)


async def test_two_admins_cannot_put_each_other_out_at_once(desk: AdminDesk) -> None:
    """The look and the change are one: whichever comes second finds itself the last."""
    amy, bob = await made(desk, "amy", ADMIN_ROLE), await made(desk, "bob", ADMIN_ROLE)
    refused: list[str] = []

    async def attempt(actor: User, target: User) -> None:
        try:
            await remove_role(by(desk, actor), target.id, ADMIN_ROLE)
        except InvalidRequestError as error:
            refused.append(error.sentence)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(attempt, amy, bob)
        tasks.start_soon(attempt, bob, amy)
    assert len(refused) == 1

    def holders(connection: Connection) -> int:
        return sum(ADMIN_ROLE in roles.roles_of(connection, user.id) for user in users.list_all(connection))

    assert await desk.store.read(holders) == 1


async def test_pages_follow_each_other(desk: AdminDesk) -> None:
    made_users = [await made(desk, f"user{number:03}") for number in range(PAGE + 7)]
    first = await page_of_users(desk)
    assert (first.has_more, first.total, len(first.users)) == (True, PAGE + 7, PAGE)
    second = await page_of_users(desk, after=first.users[-1].id)
    assert not second.has_more
    assert [user.id for user in (*first.users, *second.users)] == [user.id for user in made_users]
    assert (await page_of_users(desk, after="nobody")).users == ()


@pytest.mark.parametrize(
    ("search", "found"),
    [("AMY", ["amy"]), ("example", ["amy", "bob_b"]), ("b_b", ["bob_b"]), ("%", []), ("_a", []), ("ａｍｙ", ["amy"])],
)
async def test_a_search_takes_every_spelling_and_no_pattern(desk: AdminDesk, search: str, found: list[str]) -> None:
    for name in ("bob_b", "amy"):
        await made(desk, name)
    page = await page_of_users(desk, search=search)
    assert [user.username.partition("@")[0] for user in page.users] == found


async def test_nobody_is_found_who_is_not_there(desk: AdminDesk) -> None:
    for attempt in (user_file(desk, "nobody"), enable_user(desk, "nobody"), add_role(desk, "nobody", "x"),
                    remove_role(desk, "nobody", "x")):  # fmt: skip
        with pytest.raises(UnknownError):
            await attempt
