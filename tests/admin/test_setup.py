"""The first administrator: through a link that works once, and never a second one (O57)."""

import asyncio

import pytest

from watchword.admin import setup
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError, SetupLinkError
from watchword.admin.users import UserRequest, add_user, list_users
from watchword.authn.errors import WeakPasswordError
from watchword.clock import SettableClock
from watchword.store.repositories.users import User

pytestmark = pytest.mark.anyio

PASSWORD = "grey heron on the weir"


async def _create(desk: AdminDesk, token: str, *, email: str = "amy@example.com", password: str = PASSWORD) -> User:
    return await setup.create_first_admin(desk, token=token, email=email, name="Amy", password=password)


async def test_the_link_makes_an_administrator_once(desk: AdminDesk) -> None:
    token = await setup.create_link(desk)
    assert await setup.is_link_open(desk, token)
    user = await _create(desk, token)
    assert await list_users(desk) == [(user, ("admin",))]
    assert not await setup.is_link_open(desk, token)
    with pytest.raises(SetupLinkError):
        await _create(desk, token, email="eve@example.com")
    assert len(await list_users(desk)) == 1


async def test_the_link_is_dead_after_fifteen_minutes(desk: AdminDesk, clock: SettableClock) -> None:
    token = await setup.create_link(desk)
    clock.advance(899)
    assert await setup.is_link_open(desk, token)
    clock.advance(1)
    with pytest.raises(SetupLinkError):
        await _create(desk, token)
    assert await list_users(desk) == []


async def test_a_newer_link_ends_the_older(desk: AdminDesk) -> None:
    old, new = await setup.create_link(desk), await setup.create_link(desk)
    with pytest.raises(SetupLinkError):
        await _create(desk, old)
    await _create(desk, new)


async def test_a_refused_form_leaves_the_link_open(desk: AdminDesk) -> None:
    token = await setup.create_link(desk)
    with pytest.raises(WeakPasswordError):
        await _create(desk, token, password="password")
    with pytest.raises(InvalidRequestError):
        await _create(desk, token, email="not an address")
    await _create(desk, token)


@pytest.mark.parametrize("token", ["", "ww_setup_guess", "ä\ud800"])
async def test_a_guess_opens_nothing(desk: AdminDesk, token: str) -> None:
    await setup.create_link(desk)
    assert not await setup.is_link_open(desk, token)
    with pytest.raises(SetupLinkError):
        await _create(desk, token)


async def test_of_two_at_once_one_becomes_administrator(desk: AdminDesk) -> None:
    token = await setup.create_link(desk)
    answers = await asyncio.gather(
        *(_create(desk, token, email=f"user{number}@example.com") for number in range(4)), return_exceptions=True
    )
    assert sum(isinstance(answer, User) for answer in answers) == 1
    assert all(isinstance(answer, User | SetupLinkError) for answer in answers)
    assert len(await list_users(desk)) == 1


async def test_there_is_no_link_once_there_is_an_administrator(desk: AdminDesk) -> None:
    token = await setup.create_link(desk)
    await add_user(desk, UserRequest(email="amy@example.com", roles=["admin"], password=PASSWORD))
    with pytest.raises(InvalidRequestError):
        await setup.create_link(desk)
    with pytest.raises(SetupLinkError):
        await _create(desk, token, email="eve@example.com")


async def test_the_headless_way_makes_one_and_no_second(desk: AdminDesk) -> None:
    assert await setup.ensure_admin(desk, email="amy@example.com", password=PASSWORD) is not None
    assert await setup.ensure_admin(desk, email="eve@example.com", password=PASSWORD) is None
    assert [user.email for user, _ in await list_users(desk)] == ["amy@example.com"]
