"""A key that somebody else may have: R36, and what no process may do with it from the answer on."""

import asyncio
from functools import partial

import pytest
from tests.issuer.issuing import ORDERS, SETTINGS, Listener, World, client_of, make_issuer, make_ring
from tests.issuer.revocation.serving import served
from tests.issuer.revocation.test_sdk_reader import reader_of, says

from watchword.issuer.app import create_app
from watchword.issuer.housekeeping import prune
from watchword.issuer.keys.signers import SignersWithdrawnError
from watchword.jose import jws
from watchword.oauth.revocation import journal_digest
from watchword.store.repositories import audit, journal, signing_keys
from watchword.store.repositories.audit import SYSTEM
from watchword.store.sealing import MasterKey

pytestmark = pytest.mark.anyio

CREDENTIALS = {"grant_type": "client_credentials", "resource": ORDERS}


def kid_of(token: str) -> str:
    kid = jws.split(token).header.kid
    assert kid is not None
    return kid


async def state_of(world: World, kid: str) -> str:
    key = await world.issuer.store.read(partial(signing_keys.find, kid=kid))
    assert key is not None
    return key.state


async def compromise(world: World, master_key: MasterKey, kid: str) -> None:
    """As another process does it: the command line, or a console elsewhere."""
    other = make_ring(world.issuer.store, world.clock, master_key)
    assert await other.compromise(kid, reason="leaked", actor=SYSTEM)


async def test_no_process_signs_with_it_after_the_answer(world: World, master_key: MasterKey) -> None:
    """The ring that this issuer has read is ten seconds from being read again, and still nothing is signed."""
    client = await world.client()
    old = (await world.token(client, CREDENTIALS)).json()["access_token"]
    code = await world.code(client)
    refresh = (await world.sign_in(client))["refresh_token"]
    await compromise(world, master_key, kid_of(old))
    new = (await world.token(client, CREDENTIALS)).json()["access_token"]
    assert kid_of(new) != kid_of(old)
    assert await state_of(world, kid_of(new)) == "active"
    assert not await world.is_active(client, old)
    assert await world.is_active(client, new)
    # What may be used once was not spent by the try that found the key gone.
    redeemed = await world.redeem(client, code)
    assert redeemed.status_code == 200
    assert kid_of(redeemed.json()["access_token"]) == kid_of(new)
    renewed = await world.refresh(client, refresh)
    assert renewed.status_code == 200
    assert kid_of(renewed.json()["access_token"]) == kid_of(new)


async def test_it_is_refused_however_long_the_thief_waits(world: World, master_key: MasterKey) -> None:
    """They say themselves when their tokens end, and a verifier that was given its keys never asks for others."""
    stolen = (await world.issuer.keys.signer("ES256")).kid
    await compromise(world, master_key, stolen)
    world.clock.advance(30 * 86_400)
    await prune(world.issuer.store, now=world.clock.now())
    async with served(world) as issuer, reader_of(issuer, mode="on_demand") as reader:
        assert await says(reader, issuer, kid=stolen) == "key"
        assert await says(reader, issuer, kid="another") == "good"


async def test_a_code_is_not_spent_by_a_key_that_is_gone(world: World, master_key: MasterKey) -> None:
    client = await world.client()
    code = await world.code(client)
    old = (await world.issuer.keys.signer("RS256")).kid
    await compromise(world, master_key, old)
    answer = await world.redeem(client, code)
    assert answer.status_code == 200
    assert kid_of(answer.json()["id_token"]) != old


async def test_issuing_and_compromise_at_the_same_time(world: World, master_key: MasterKey) -> None:
    """Every token whose request began after the answer is of another key, in each of two issuers."""
    client = await world.client()
    second = make_issuer(world.issuer.store, world.clock, master_key, Listener())
    await second.keys.refresh()
    seen: list[tuple[bool, str]] = []
    done = False
    enough = asyncio.Event()

    async def ask(http: object) -> None:
        nonlocal done
        for _ in range(30):
            was_done = done
            answer = await http.post("/token", data=CREDENTIALS, auth=(client.id, "wws_" + "s" * 43))  # type: ignore[attr-defined]
            assert answer.status_code == 200, answer.text
            seen.append((was_done, kid_of(answer.json()["access_token"])))
            if len(seen) == 10:
                enough.set()

    async def withdraw() -> None:
        nonlocal done
        await enough.wait()
        await compromise(world, master_key, old)
        done = True

    old = (await world.issuer.keys.signer("ES256")).kid
    async with client_of(create_app(second)) as http:
        await asyncio.gather(ask(world.http), ask(http), withdraw())
    second.passwords.close()
    assert any(was_done for was_done, _ in seen)
    assert old not in {kid for was_done, kid in seen if was_done}


async def test_the_published_keys_are_without_it_within_a_second(world: World, master_key: MasterKey) -> None:
    other = make_ring(world.issuer.store, world.clock, master_key)
    kid = (await other.signer("ES256")).kid
    assert kid in {key["kid"] for key in (await other.public_jwks())["keys"]}
    assert await world.issuer.keys.compromise(kid, reason="leaked", actor=SYSTEM)
    here = (await world.http.get("/jwks")).json()["keys"]
    assert kid not in {key["kid"] for key in here}, "at once in the process that was told"
    world.clock.advance(1)
    assert kid not in {key["kid"] for key in (await other.public_jwks())["keys"]}
    assert await other.find_public(kid) is None


async def test_a_slot_without_a_successor_gets_one_in_the_same_transaction(world: World) -> None:
    ring = world.issuer.keys
    first = (await ring.signer("ES256")).kid
    for key in await world.issuer.store.read(signing_keys.list_all):
        if (key.algorithm, key.state, key.purpose) == ("ES256", "next", "token"):
            moved = partial(signing_keys.move, kid=key.kid, expected="next", to="compromised", now=world.clock.now())
            assert await world.issuer.store.write(moved)
    assert await ring.compromise(first, reason="leaked", actor=SYSTEM)
    second = (await ring.signer("ES256")).kid
    assert second != first
    entries = await world.issuer.store.read(partial(audit.latest, limit=20))
    (activated,) = (entry for entry in entries if (entry.action, entry.target_id) == ("key.activated", second))
    assert activated.details["exempt_from_prepublication"]
    states = [key.state for key in await world.issuer.store.read(signing_keys.list_all) if key.algorithm == "ES256"]
    assert states.count("next") == 2, "one for tokens, one for the feed: the next successor is published already"


async def test_once_is_enough(world: World) -> None:
    ring = world.issuer.keys
    kid = (await ring.signer("ES256")).kid
    assert await ring.compromise(kid, reason="leaked", actor=SYSTEM)
    assert not await ring.compromise(kid, reason="leaked", actor=SYSTEM)
    assert not await ring.compromise("unknown", reason="leaked", actor=SYSTEM)
    entries = await world.issuer.store.read(partial(audit.latest, limit=50))
    assert [entry.target_id for entry in entries if entry.action == "key.compromised"] == [kid]


async def test_a_key_that_nobody_can_replace_in_time_is_a_pause_and_no_refusal(world: World) -> None:
    """Twice in a row the key at hand was withdrawn: 503, which a client tries again, and never ``invalid_grant``."""
    client = await world.client()
    code = await world.code(client)
    ring = world.issuer.keys
    signers = await ring.signers()

    async def stale() -> object:
        return signers

    ring.signers = stale  # type: ignore[method-assign,assignment]  # a ring that lags behind, however often it is read
    assert await ring.compromise(signers.of("ES256").kid, reason="leaked", actor=SYSTEM)
    answer = await world.redeem(client, code)
    assert answer.status_code == SignersWithdrawnError.status == 503
    del ring.signers
    assert (await world.redeem(client, code)).status_code == 200


async def test_the_feed_signs_with_another_key_and_readers_believe_the_old_one_no_more(world: World) -> None:
    """docs/protocol/revocation.md, "Messages": a key of the feed may be withdrawn as well."""
    ring = world.issuer.keys
    first = await ring.signer("ES256", purpose="feed")
    async with served(world) as issuer, reader_of(issuer, mode="poll") as reader:
        assert await says(reader, issuer) == "good"
        head = await issuer.at_work.feed.head()
        before = (await issuer.at_work.feed.batch(head, head.journal_id, head.seq)).text
        assert reader.run.mirroring.feed.pushed(before).head == head.seq, "so far it is believed"
        assert await ring.compromise(first.kid, reason="leaked", actor=SYSTEM)
        digest = journal_digest("key", SETTINGS.issuer, first.kid)
        assert await world.issuer.store.read(partial(journal.contains, kind="key", digest=digest))
        await asyncio.to_thread(reader.run.mirroring.update, at_once=True)
        assert reader.status().seq == head.seq + 1, "the news came, signed with the other key"
        with pytest.raises(Exception, match="refused"):
            reader.run.mirroring.feed.pushed(before)
        world.clock.advance(86_400)  # the entry has expired, the message's age is not the reason
        assert first.kid in reader.run.mirroring.feed._dropped


async def test_a_feed_that_lags_behind_does_not_sign_with_it(world: World, master_key: MasterKey) -> None:
    first = (await world.issuer.keys.signer("ES256", purpose="feed")).kid
    await compromise(world, master_key, first)
    head = await world.issuer.feed.head()
    text = await world.issuer.feed.snapshot(head)
    batch = await world.issuer.feed.batch(head, head.journal_id, 0)
    assert first not in {kid_of(text.decode()), kid_of(batch.text.decode())}
