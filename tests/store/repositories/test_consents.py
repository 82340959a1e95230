"""What users have allowed."""

import asyncio
from functools import partial

import pytest
from tests.store.repositories.people import a_client, a_user

from watchword.store.engine import Store
from watchword.store.repositories import consents

pytestmark = pytest.mark.anyio


async def test_consent_grows_and_is_withdrawn_whole(store: Store) -> None:
    user, client = await a_user(store), await a_client(store)
    find = partial(consents.find, user_id=user, client_id=client)
    remember = partial(consents.remember, user_id=user, client_id=client)
    assert await store.read(find) is None
    await store.write(partial(remember, scopes=("b", "a"), resources=("https://x",), now=1.0))
    await store.write(partial(remember, scopes=("c",), resources=(), now=2.0))
    given = await store.read(find)
    assert given is not None
    assert (given.scopes, given.resources, given.granted_at) == (("a", "b", "c"), ("https://x",), 2.0)
    assert given.covers(("a",), ("https://x",))
    assert not given.covers(("a", "c"), ("https://x",)), "c was not allowed there"
    assert given.covers(("a", "c"), ())
    assert given.covers((), ())
    assert not given.covers(("a", "d"), ())
    assert not given.covers((), ("https://y",))
    assert await store.write(partial(consents.withdraw, user_id=user, client_id=client))
    assert not await store.write(partial(consents.withdraw, user_id=user, client_id=client))
    assert await store.read(find) is None


async def test_of_two_consents_at_once_neither_is_lost(store: Store) -> None:
    user, client = await a_user(store), await a_client(store)
    remember = partial(consents.remember, user_id=user, client_id=client, resources=(), now=1.0)
    await asyncio.gather(*(store.write(partial(remember, scopes=(f"s{number}",))) for number in range(10)))
    given = await store.read(partial(consents.find, user_id=user, client_id=client))
    assert given is not None
    assert set(given.scopes) == {f"s{number}" for number in range(10)}


async def test_what_is_allowed_in_one_place_is_not_allowed_in_another(store: Store) -> None:
    """O16: reading here and writing there does not make writing here."""
    user, client = await a_user(store), await a_client(store)
    remember = partial(consents.remember, user_id=user, client_id=client, now=1.0)
    await store.write(partial(remember, scopes=("read",), resources=("https://x",)))
    await store.write(partial(remember, scopes=("write",), resources=("https://y",)))
    given = await store.read(partial(consents.find, user_id=user, client_id=client))
    assert given is not None
    assert given.covers(("read",), ("https://x",))
    assert given.covers(("write",), ("https://y",))
    for scopes, resources in (
        (("write",), ("https://x",)),
        (("read",), ("https://x", "https://y")),
        (("read", "write"), ("https://x", "https://y")),
        ((), ("https://z",)),
    ):
        assert not given.covers(scopes, resources), (scopes, resources)
