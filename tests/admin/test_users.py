"""Users: made whole or not at all, kept out with everything they hold."""

import pytest
from sqlalchemy import Connection, select

from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError, TakenError, UnknownError
from watchword.admin.users import UserRequest, add_user, disable_user, is_email, list_users, set_password
from watchword.authn.errors import WeakPasswordError
from watchword.store.repositories import epochs, sessions
from watchword.store.tables import journal

pytestmark = pytest.mark.anyio

PASSWORD = "grey heron on the weir"
AMY = UserRequest(email="amy@example.com", name="Amy", roles=["admin"], password=PASSWORD)


async def test_a_user_is_kept_with_roles_and_a_hash(desk: AdminDesk) -> None:
    user = await add_user(desk, AMY)
    ((stored, roles),) = await list_users(desk)
    assert stored == user
    assert roles == ("admin",)
    assert stored.password_hash is not None
    assert await desk.passwords.verify(stored.password_hash, PASSWORD)
    assert PASSWORD not in repr(AMY) + repr(stored)


async def test_names_and_addresses_are_one_namespace(desk: AdminDesk) -> None:
    await add_user(desk, AMY)
    with pytest.raises(TakenError):
        await add_user(desk, UserRequest(email="bob@example.com", username="AMY@example.com", password=PASSWORD))
    assert len(await list_users(desk)) == 1


@pytest.mark.parametrize("email", ["amy", "@example.com", "amy@", "a my@example.com", "amy@example.com\n"])
async def test_what_is_no_address_is_refused(desk: AdminDesk, email: str) -> None:
    assert not is_email(email)
    with pytest.raises(InvalidRequestError):
        await add_user(desk, UserRequest(email=email, password=PASSWORD))


@pytest.mark.parametrize("password", ["short", "password123", "amy@example.com"])
async def test_a_password_that_anyone_would_guess_is_refused(desk: AdminDesk, password: str) -> None:
    with pytest.raises(WeakPasswordError):
        await add_user(desk, UserRequest(email="amy@example.com", password=password))
    assert await list_users(desk) == []


async def _sign_in(desk: AdminDesk, user_id: str) -> str:
    def job(connection: Connection) -> str:
        session = sessions.create(
            connection,
            user_id=user_id,
            cookie_hash="0" * 64,
            auth_time=desk.clock.now(),
            acr="urn:watchword:acr:password",
            amr=("pwd",),
            now=desk.clock.now(),
            lifetime=3600,
        )
        return session.id

    return await desk.store.write(job)


@pytest.mark.parametrize("action", ["disable", "password"])
async def test_keeping_a_user_out_ends_what_they_hold(desk: AdminDesk, action: str) -> None:
    """O55: sessions end, and the subject's epoch is raised and told to verifiers in the same transaction."""
    user = await add_user(desk, AMY)
    session_id = await _sign_in(desk, user.id)
    if action == "disable":
        await disable_user(desk, "AMY@example.com")
    else:
        await set_password(desk, user.id, "another heron altogether")

    def look(connection: Connection) -> tuple[bool, int, int]:
        session = sessions.find(connection, session_id)
        assert session is not None
        rows = connection.execute(select(journal).where(journal.c.kind == "subject")).all()
        return session.ended_at is not None, epochs.current(connection, "subject", user.id), len(rows)

    assert await desk.store.read(look) == (True, int(desk.clock.now()), 1)
    ((stored, _),) = await list_users(desk)
    assert stored.status == ("disabled" if action == "disable" else "active")


async def test_an_unknown_user_cannot_be_changed(desk: AdminDesk) -> None:
    with pytest.raises(UnknownError):
        await disable_user(desk, "nobody")
    with pytest.raises(UnknownError):
        await set_password(desk, "nobody", PASSWORD)
