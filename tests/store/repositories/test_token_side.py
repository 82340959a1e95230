"""Clients, APIs, grants and what is used once, written and read again on both databases."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy.exc import IntegrityError

from watchword.clock import SettableClock
from watchword.store.engine import Store
from watchword.store.identifiers import new_id
from watchword.store.repositories import apis, authorization_codes, clients, epochs, grants, journal, refresh_tokens
from watchword.store.repositories.apis import Api, Scope
from watchword.store.repositories.authorization_codes import AuthorizationCode
from watchword.store.repositories.clients import Client
from watchword.store.repositories.epochs import Epochs
from watchword.store.repositories.grants import Grant
from watchword.store.repositories.journal import NewEntry
from watchword.store.repositories.refresh_tokens import RefreshToken

pytestmark = pytest.mark.anyio


def make_client(clock: SettableClock, **changes: object) -> Client:
    client = Client(
        id=new_id(),
        name="Orders",
        auth_method="client_secret_basic",
        secret_hash="0" * 64,
        redirect_uris=("https://app.example/callback",),
        allowed_origins=("https://app.example",),
        grant_types=("authorization_code", "refresh_token"),
        scopes=("openid", "orders:read"),
        api_scopes={"https://orders.example": ("orders:read", "orders:write")},
        default_api="https://orders.example",
        created_at=clock.now(),
    )
    return replace(client, **changes)  # type: ignore[arg-type]  # whatever the test changes


@pytest.fixture
async def grant(store: Store, clock: SettableClock) -> Grant:
    client = make_client(clock)
    await store.write(partial(clients.create, client=client, now=clock.now()))
    made = Grant(
        id=new_id(),
        user_id=None,
        client_id=client.id,
        session_id=None,
        sid=None,
        offline=True,
        scopes=("openid",),
        resources=("https://orders.example",),
        claims={"id_token": {"name": None}},
        nonce="n",
        auth_time=clock.now(),
        acr="urn:watchword:acr:password",
        amr=("pwd",),
        epochs=Epochs(1, 2, 3),
        created_at=clock.now(),
        expires_at=clock.now() + 60,
    )
    await store.write(partial(grants.create, grant=made))
    return made


async def test_a_client_is_read_as_it_was_written(store: Store, clock: SettableClock) -> None:
    client = make_client(clock)
    await store.write(partial(clients.create, client=client, now=clock.now()))
    assert await store.read(partial(clients.find, client_id=client.id)) == client
    changed = replace(client, name="Other", status="disabled", auth_method="none", secret_hash=None)
    await store.write(partial(clients.update, client=changed))
    assert await store.read(partial(clients.find, client_id=client.id)) == changed
    assert changed.is_public
    assert not client.is_public
    assert await store.read(partial(clients.find, client_id="nobody")) is None
    assert changed in await store.read(clients.list_all)


async def test_an_id_is_given_out_once(store: Store, clock: SettableClock) -> None:
    """RFC 9068 section 5: users and clients share one namespace."""
    client = make_client(clock)
    await store.write(partial(clients.create, client=client, now=clock.now()))
    with pytest.raises(IntegrityError):
        await store.write(partial(clients.create, client=client, now=clock.now()))


async def test_origins_are_those_of_active_clients(store: Store, clock: SettableClock) -> None:
    """O68"""
    for client in (
        make_client(clock, allowed_origins=("https://a.example",)),
        make_client(clock, allowed_origins=("https://a.example", "https://b.example")),
        make_client(clock, allowed_origins=("https://c.example",), status="disabled"),
    ):
        await store.write(partial(clients.create, client=client, now=clock.now()))
    assert await store.read(clients.origins_allowed) == {"https://a.example", "https://b.example"}


async def test_an_api_is_read_as_it_was_written(store: Store, clock: SettableClock) -> None:
    api = Api(
        id=new_id(),
        identifier="https://orders.example",
        name="Orders",
        scopes=(Scope("orders:read", "See orders"),),
        secret_hash="0" * 64,
        created_at=clock.now(),
    )
    await store.write(partial(apis.create, api=api))
    assert await store.read(partial(apis.find, identifier=api.identifier)) == api
    assert await store.read(partial(apis.find_by_id, api_id=api.id)) == api
    changed = replace(api, token_lifetime=60, scopes=())
    await store.write(partial(apis.update, api=changed))
    assert await store.read(apis.list_all) == [changed]
    with pytest.raises(IntegrityError):
        await store.write(partial(apis.create, api=replace(api, id=new_id())))


async def test_a_grant_is_read_as_it_was_written_and_revoked_once(
    store: Store, clock: SettableClock, grant: Grant
) -> None:
    assert await store.read(partial(grants.find, grant_id=grant.id)) == grant
    revoke = partial(grants.revoke, grant_id=grant.id, reason="test", now=clock.now())
    assert sorted(await asyncio.gather(*(store.write(revoke) for _ in range(8)))) == [*[False] * 7, True]
    revoked = await store.read(partial(grants.find, grant_id=grant.id))
    assert revoked == replace(grant, revoked_at=clock.now(), revoked_reason="test")


async def test_a_code_is_used_once(store: Store, clock: SettableClock, grant: Grant) -> None:
    """O21"""
    code = AuthorizationCode(
        code_hash="c" * 64,
        grant_id=grant.id,
        client_id=grant.client_id,
        redirect_uri="https://app.example/callback",
        redirect_uri_sent=True,
        code_challenge=None,
        created_at=clock.now(),
        expires_at=clock.now() + 60,
    )
    await store.write(partial(authorization_codes.create, code=code))
    assert await store.read(partial(authorization_codes.find, code_hash=code.code_hash)) == code
    use = partial(authorization_codes.use, code_hash=code.code_hash, now=clock.now())
    assert sorted(await asyncio.gather(*(store.write(use) for _ in range(8)))) == [*[False] * 7, True]
    assert not await store.write(partial(authorization_codes.use, code_hash="x", now=clock.now()))


async def test_a_refresh_token_has_one_successor(store: Store, clock: SettableClock, grant: Grant) -> None:
    """O25"""
    token = RefreshToken(
        token_hash="0" * 64,
        grant_id=grant.id,
        client_id=grant.client_id,
        generation=0,
        created_at=clock.now(),
        expires_at=clock.now() + 60,
    )
    await store.write(partial(refresh_tokens.create, token=token))
    uses = [
        partial(refresh_tokens.use, token_hash=token.token_hash, successor_hash=str(number) * 64, now=clock.now())
        for number in range(1, 9)
    ]
    won = await asyncio.gather(*(store.write(use) for use in uses))
    assert sorted(won) == [*[False] * 7, True]
    stored = await store.read(partial(refresh_tokens.find, token_hash=token.token_hash))
    assert stored is not None
    assert stored.successor_hash == str(won.index(True) + 1) * 64
    await store.write(partial(refresh_tokens.extend, token_hash=token.token_hash, expires_at=clock.now() + 90))
    family = await store.read(partial(refresh_tokens.of_grant, grant_id=grant.id))
    assert [member.expires_at for member in family] == [clock.now() + 90]


async def test_hashes_are_not_in_a_repr(grant: Grant, clock: SettableClock) -> None:
    token = RefreshToken(
        token_hash="secret", grant_id=grant.id, client_id="c", generation=0, created_at=0, expires_at=0
    )
    assert "secret" not in repr(token)


async def test_epochs_only_grow(store: Store) -> None:
    current = partial(epochs.current, kind="all", value="")
    begun = await store.read(current)
    raised = [await store.write(partial(epochs.advance, kind="all", value="", now=now)) for now in (5e9, 5e9, 4e9, 6e9)]
    assert begun == 0
    # Seconds beyond 2038 do not fit into 32 bits.
    assert raised == [5_000_000_000, 5_000_000_001, 5_000_000_002, 6_000_000_000]
    assert await store.read(current) == raised[-1]
    assert Epochs(1, 5, 5).are_behind(Epochs(2, 0, 0))
    assert not Epochs(2, 5, 5).are_behind(Epochs(2, 5, 5))


async def test_the_journal_counts_in_the_order_of_commits(store: Store, clock: SettableClock) -> None:
    def entry(name: str) -> NewEntry:
        return NewEntry("grant", name, clock.now() + 60)

    append = partial(journal.append, now=clock.now())
    assert await store.write(partial(append, entries=[entry("a"), entry("b")])) == 2
    ends = await asyncio.gather(*(store.write(partial(append, entries=[entry(f"c{i}")])) for i in range(10)))
    assert sorted(ends) == list(range(3, 13))
    listed = await store.read(partial(journal.after, seq=1, limit=3))
    assert (listed[0].seq, listed[0].digest) == (2, "b")
    assert len(listed) == 3
    assert await store.read(partial(journal.contains, kind="grant", digest="a"))
    assert not await store.read(partial(journal.contains, kind="token", digest="a"))
    assert (await store.read(journal.head)).seq == 12
