"""Withdrawing trust by hand: the effect, the audit row and the journal, or nothing."""

import pytest
from sqlalchemy import select

from watchword.admin import revocation
from watchword.admin.clients import ClientRequest, add_client
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import UnknownError
from watchword.admin.users import UserRequest, add_user
from watchword.store.repositories import epochs
from watchword.store.tables import audit, journal

pytestmark = pytest.mark.anyio


async def told(desk: AdminDesk) -> tuple[list[str], list[str]]:
    """The kinds of the journal's rows, and who did what according to the audit."""
    rows = await desk.store.read(lambda connection: connection.execute(select(journal.c.kind)).scalars().all())
    actions = await desk.store.read(
        lambda connection: (
            connection.execute(select(audit.c.action).where(audit.c.actor_kind == "operator")).scalars().all()
        )
    )
    return list(rows), list(actions)


async def test_a_token(desk: AdminDesk) -> None:
    await revocation.revoke_token(desk, "jti-1", expires_at=desk.clock.now() + 300)
    assert await told(desk) == (["token"], ["token.revoked"])


async def test_everything(desk: AdminDesk) -> None:
    await revocation.revoke_everything(desk)
    assert await told(desk) == (["all"], ["issuer.tokens_revoked"])
    assert await desk.store.read(lambda connection: epochs.current(connection, "all", "")) == int(desk.clock.now())


async def test_a_user_and_a_client(desk: AdminDesk) -> None:
    user = await add_user(desk, UserRequest(email="amy@example.com"))
    client, _ = await add_client(desk, ClientRequest(name="App", redirect_uris=["https://app.example.com/cb"]))
    await revocation.revoke_user(desk, "amy@example.com")
    await revocation.revoke_client(desk, client.id)
    kinds, _ = await told(desk)
    assert sorted(kinds) == ["client", "subject"]
    assert await desk.store.read(lambda connection: epochs.current(connection, "subject", user.id)) > 0


@pytest.mark.parametrize("action", ["grant", "session", "user", "client"])
async def test_what_is_not_there_cannot_be_revoked(desk: AdminDesk, action: str) -> None:
    with pytest.raises(UnknownError):
        await getattr(revocation, f"revoke_{action}")(desk, "nothing")
    assert await told(desk) == ([], [])
