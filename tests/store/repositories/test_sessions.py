"""Sessions and what clients call them."""

import asyncio
from functools import partial

import pytest
from tests.store.repositories.people import a_client, a_user

from watchword.store.engine import Store
from watchword.store.repositories import sessions
from watchword.store.repositories.sessions import Session

pytestmark = pytest.mark.anyio


async def begin(store: Store, user_id: str, cookie_hash: str = "hash", now: float = 100.0) -> Session:
    return await store.write(
        partial(
            sessions.create,
            user_id=user_id,
            cookie_hash=cookie_hash,
            auth_time=now,
            acr="acr",
            amr=("pwd",),
            now=now,
            lifetime=50.0,
        )
    )


async def test_a_session_lives_until_it_is_idle_old_or_ended(store: Store) -> None:
    user = await a_user(store)
    session = await begin(store, user)
    assert await store.read(partial(sessions.find_by_cookie_hash, cookie_hash="hash")) == session
    assert await store.read(partial(sessions.find_by_cookie_hash, cookie_hash="other")) is None
    assert session.is_live(119.9, idle=20)
    assert not session.is_live(120.0, idle=20)
    assert session.is_live(149.9, idle=100)
    assert not session.is_live(150.0, idle=100)
    await store.write(partial(sessions.touch, session_id=session.id, now=115.0))
    await store.write(partial(sessions.touch, session_id=session.id, now=110.0))
    touched = await store.read(partial(sessions.find, session_id=session.id))
    assert touched is not None
    assert touched.last_seen_at == 115.0, "never back"
    assert await store.write(partial(sessions.end, session_id=session.id, now=120.0))
    assert not await store.write(partial(sessions.end, session_id=session.id, now=121.0))
    await store.write(partial(sessions.touch, session_id=session.id, now=122.0))
    ended = await store.read(partial(sessions.find, session_id=session.id))
    assert ended is not None
    assert (ended.ended_at, ended.last_seen_at) == (120.0, 115.0)
    assert not ended.is_live(120.0, idle=100)


async def test_a_new_proof_renews_a_session_under_a_new_cookie(store: Store) -> None:
    """O55: same session for its clients, dead old cookie."""
    user = await a_user(store)
    session = await begin(store, user)
    renewed = await store.write(
        partial(
            sessions.renew,
            session_id=session.id,
            cookie_hash="new",
            auth_time=130.0,
            acr="better",
            amr=("pwd", "otp"),
            now=130.0,
            lifetime=50.0,
        )
    )
    assert renewed.id == session.id
    assert (renewed.auth_time, renewed.expires_at, renewed.acr) == (130.0, 180.0, "better")
    assert await store.read(partial(sessions.find_by_cookie_hash, cookie_hash="hash")) is None
    assert await store.read(partial(sessions.find_by_cookie_hash, cookie_hash="new")) == renewed


async def test_all_sessions_of_a_user_end_together(store: Store) -> None:
    """O66: all listed, and all ended in one transaction."""
    user, stranger = await a_user(store), await a_user(store)
    mine = [await begin(store, user, f"mine{number}", now=100.0 + number) for number in range(3)]
    theirs = await begin(store, stranger, "theirs")
    listed = await store.read(partial(sessions.list_live_of, user_id=user, now=105.0, idle=50))
    assert [session.id for session in listed] == [session.id for session in reversed(mine)]
    ended = await store.write(partial(sessions.end_all_of, user_id=user, now=110.0))
    assert set(ended) == {session.id for session in mine}
    assert await store.read(partial(sessions.list_live_of, user_id=user, now=110.0, idle=50)) == []
    assert await store.read(partial(sessions.list_live_of, user_id=stranger, now=110.0, idle=50)) == [theirs]
    assert await store.write(partial(sessions.end_all_of, user_id=user, now=111.0)) == ()


async def test_each_client_has_its_own_name_for_a_session(store: Store) -> None:
    """Client sessions: never shared between clients, always the same for one, also when two requests race."""
    user, first, second = await a_user(store), await a_client(store), await a_client(store)
    session = await begin(store, user)
    ask = partial(sessions.sid_for, session_id=session.id, now=100.0)
    names = await asyncio.gather(*(store.write(partial(ask, client_id=first)) for _ in range(8)))
    assert len(set(names)) == 1
    other = await store.write(partial(ask, client_id=second))
    assert other != names[0]
    assert await store.read(partial(sessions.find_by_sid, sid=names[0], client_id=first)) == session
    assert await store.read(partial(sessions.find_by_sid, sid=names[0], client_id=second)) is None
