"""The audit is read a page at a time, newest first, and by what, whom and to what."""

import pytest

from watchword.admin.audit_trail import PAGE, Wanted, read_trail
from watchword.admin.clients import ClientRequest, add_client
from watchword.admin.desk import AdminDesk
from watchword.admin.users import UserRequest, add_user
from watchword.clock import SettableClock
from watchword.store.repositories.audit import Actor, AuditEntry, record

pytestmark = pytest.mark.anyio


async def test_pages_follow_each_other_where_times_tie(desk: AdminDesk, clock: SettableClock) -> None:
    """Half of the rows have one time: only the id orders them, and none is shown twice or left out."""
    entries = [
        AuditEntry(clock.now() + max(0, number - PAGE), Actor("system"), "key.published", "key", f"k{number}")
        for number in range(2 * PAGE + 10)
    ]
    for entry in entries:
        await desk.store.write(lambda connection, entry=entry: record(connection, entry))  # type: ignore[misc]
    seen: list[AuditEntry] = []
    before = None
    for _ in range(3):
        trail = await read_trail(desk, Wanted(before=before))
        seen += trail.entries
        before = trail.entries[-1].id
    assert not trail.has_older
    assert {entry.id for entry in seen} == {entry.id for entry in entries}
    assert [(e.at, e.id) for e in seen] == sorted(((e.at, e.id) for e in entries), reverse=True)
    assert (await read_trail(desk, Wanted(before="nothing"))).entries == ()


async def test_filters_take_ids_and_names(desk: AdminDesk) -> None:
    amy = await add_user(desk, UserRequest(email="amy@example.com", name="Amy"))
    acting = desk.as_actor(Actor("user", amy.id, "c0ffee"))
    client, _ = await add_client(acting, ClientRequest(name="Shop", redirect_uris=["https://shop.example.com/"]))
    for wanted, actions in (
        (Wanted(actor="AMY@example.com"), ["client.created"]),
        (Wanted(actor=amy.id), ["client.created"]),
        (Wanted(target="amy@example.com"), ["user.created"]),
        (Wanted(target=client.id), ["client.created"]),
        (Wanted(action="user.created"), ["user.created"]),
        (Wanted(action="user.created", actor=amy.id), []),
        (Wanted(actor="nobody"), []),
    ):
        trail = await read_trail(desk, wanted)
        assert [entry.action for entry in trail.entries] == actions
    assert (await read_trail(desk, Wanted(target=client.id))).names == {amy.id: "Amy", client.id: "Shop"}
