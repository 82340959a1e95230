"""The life of a key: R01, R02, I5, O71."""

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from tests.issuer.issuing import SETTINGS, SLOTS, Listener, make_ring

from watchword.clock import SettableClock
from watchword.events import KeyActivated
from watchword.issuer.keys import rotation
from watchword.issuer.keys.ring import KeyRing
from watchword.issuer.keys.rotation import KeyStepError
from watchword.issuer.keys.slots import Slot
from watchword.issuer.revocation import withdraw
from watchword.oauth.errors import TemporarilyUnavailableError
from watchword.oauth.revocation import journal_digest
from watchword.store.engine import Store
from watchword.store.errors import MasterKeyError
from watchword.store.repositories import audit, journal, signing_keys
from watchword.store.repositories.audit import SYSTEM
from watchword.store.sealing import MasterKey

pytestmark = pytest.mark.anyio

LEAD = rotation.prepublication(SETTINGS)


@pytest.fixture
async def ring(store: Store, clock: SettableClock, master_key: MasterKey) -> KeyRing:
    made = make_ring(store, clock, master_key)
    await made.start()
    return made


async def kids(store: Store, purpose: str = "token", algorithm: str = "ES256") -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key in await store.read(signing_keys.list_all):
        if (key.purpose, key.algorithm) == (purpose, algorithm):
            found.setdefault(key.state, []).append(key.kid)
    return found


async def published(ring: KeyRing) -> list[str]:
    return [key["kid"] for key in (await ring.public_jwks())["keys"]]


async def test_begins_with_both_algorithms_and_their_successors_published(ring: KeyRing, store: Store) -> None:
    for slot in SLOTS:
        states = await kids(store, slot.purpose, slot.algorithm)
        assert {state: len(keys) for state, keys in states.items()} == {"active": 1, "next": 1}
    documents = (await ring.public_jwks())["keys"]
    assert sorted((key["alg"], key["kty"]) for key in documents) == [
        ("ES256", "EC"),
        ("ES256", "EC"),
        ("RS256", "RSA"),
        ("RS256", "RSA"),
    ]


async def test_publishes_no_private_member_and_no_feed_key(ring: KeyRing, store: Store) -> None:
    """O71: public members only, and feed keys are never in the token JWKS."""
    feed = await ring.public_jwks(purpose="feed")
    tokens = await ring.public_jwks()
    for key in [*tokens["keys"], *feed["keys"]]:
        assert not {"d", "p", "q", "dp", "dq", "qi", "k", "oth"} & set(key)
        assert key["use"] == "sig"
    assert not {key["kid"] for key in feed["keys"]} & {key["kid"] for key in tokens["keys"]}


async def test_the_first_key_is_exempt_from_publication_and_audited_so(ring: KeyRing, store: Store) -> None:
    entries = await store.read(partial(audit.latest, limit=50))
    begun = [entry for entry in entries if entry.action == "key.activated"]
    assert len(begun) == len(SLOTS)
    assert all(entry.details["exempt_from_prepublication"] for entry in begun)


async def test_a_successor_signs_only_after_it_was_published_long_enough(
    ring: KeyRing, store: Store, clock: SettableClock
) -> None:
    """I5: nothing is signed by a key that a cache of the JWKS may not have seen."""
    first = (await ring.signer("ES256")).kid
    clock.advance(LEAD - 1)
    with pytest.raises(KeyStepError, match="long enough"):
        await ring.rotate("ES256")
    assert (await ring.signer("ES256")).kid == first
    clock.advance(1)
    second = await ring.rotate("ES256")
    assert (await ring.signer("ES256")).kid == second != first
    states = await kids(store)
    assert states["retiring"] == [first]
    assert states["active"] == [second]
    assert len(states["next"]) == 1
    assert first in await published(ring)


async def test_a_whole_life_by_itself(ring: KeyRing, store: Store, clock: SettableClock) -> None:
    first = (await ring.signer("ES256")).kid
    clock.advance(SETTINGS.key_lifetime - 1)
    await ring.advance()
    assert (await ring.signer("ES256")).kid == first
    clock.advance(1)
    await ring.advance()
    assert (await kids(store))["retiring"] == [first]
    clock.advance(rotation.retention() - 1)
    await ring.advance()
    assert first in await published(ring)
    clock.advance(1)
    await ring.advance()
    assert (await kids(store))["retired"] == [first]
    assert first not in await published(ring)
    kept = await ring.find_public(first)
    assert kept is not None
    assert kept.kid == first


async def test_two_rotators_at_once_make_one_step(store: Store, clock: SettableClock, master_key: MasterKey) -> None:
    """R02: the loser finds nothing to do; never two active keys of one algorithm."""
    rings = [make_ring(store, clock, master_key) for _ in range(3)]
    await asyncio.gather(*(ring.start() for ring in rings))
    clock.advance(SETTINGS.key_lifetime)
    await asyncio.gather(*(ring.advance() for ring in rings))
    for slot in SLOTS:
        states = await kids(store, slot.purpose, slot.algorithm)
        assert {state: len(found) for state, found in states.items()} == {"active": 1, "next": 1, "retiring": 1}
    signers = {(await ring.signer("ES256")).kid for ring in rings}
    assert len(signers) == 1


async def test_another_replica_learns_of_a_rotation_within_the_bound(
    ring: KeyRing, store: Store, clock: SettableClock, master_key: MasterKey
) -> None:
    other = make_ring(store, clock, master_key)
    await other.start()
    clock.advance(LEAD)
    await other.refresh()
    second = await ring.rotate("ES256")
    clock.advance(SETTINGS.key_refresh - 1)
    assert (await other.signer("ES256")).kid != second
    clock.advance(1)
    assert (await other.signer("ES256")).kid == second


async def test_a_compromised_key_is_gone_at_once(ring: KeyRing, store: Store, clock: SettableClock) -> None:
    first = (await ring.signer("ES256")).kid
    successor = (await kids(store))["next"][0]
    done = await store.write(
        partial(withdraw.key, kid=first, reason="leaked", actor=SYSTEM, now=clock.now()),
    )
    assert done
    await ring.refresh()
    assert first not in await published(ring)
    assert await ring.find_public(first) is None
    # The emergency successor is exempt from waiting.
    assert (await ring.signer("ES256")).kid == successor
    digest = journal_digest("key", SETTINGS.issuer, first)
    assert await store.read(partial(journal.contains, kind="key", digest=digest))
    await ring.advance()
    assert len((await kids(store))["next"]) == 1


async def test_a_slot_whose_keys_are_all_compromised_begins_again(
    ring: KeyRing, store: Store, clock: SettableClock
) -> None:
    for state in ("next", "active"):
        kid = (await kids(store))[state][0]
        await store.write(partial(withdraw.key, kid=kid, reason="leaked", actor=SYSTEM, now=clock.now()))
    await ring.refresh()
    with pytest.raises(TemporarilyUnavailableError):
        await ring.signer("ES256")
    await ring.advance()
    assert (await ring.signer("ES256")).kid not in (await kids(store))["compromised"]


async def test_private_halves_are_sealed(ring: KeyRing, store: Store, clock: SettableClock) -> None:
    """A wrong master key opens nothing, and no new key is made in the place of the old one."""
    for key in await store.read(signing_keys.list_all):
        assert b'"d"' not in key.sealed_private_jwk
        assert "d" not in key.public_jwk
    wrong = make_ring(store, clock, MasterKey(b"x" * 32))
    before = await kids(store)
    with pytest.raises(MasterKeyError):
        await wrong.start()
    assert await kids(store) == before


async def test_a_step_that_somebody_else_took_is_no_step(ring: KeyRing, store: Store, clock: SettableClock) -> None:
    clock.advance(LEAD)
    slot = Slot("token", "ES256")
    successor = (await kids(store))["next"][0]
    await ring.rotate("ES256")
    activate = partial(rotation.activate, slot=slot, expected=successor, now=clock.now(), settings=SETTINGS)
    assert await store.write(activate) is None
    retire = partial(rotation.retire, slot=slot, kid=successor, now=clock.now())
    assert not await store.write(retire)


async def test_the_database_itself_allows_one_active_key(ring: KeyRing, store: Store) -> None:
    """R02: the partial unique index, not the code before it."""

    def second_active(connection: Any) -> bool:
        active = next(key for key in signing_keys.list_all(connection) if key.state == "active")
        return signing_keys.insert_unless_taken(connection, replace(active, kid="another"))

    assert not await store.write(second_active)


async def test_activations_are_told(store: Store, clock: SettableClock, master_key: MasterKey) -> None:
    listener = Listener()
    ring = make_ring(store, clock, master_key, listener)
    await ring.start()
    clock.advance(LEAD)
    kid = await ring.rotate("RS256")
    told = [event for event in listener.events if isinstance(event, KeyActivated)]
    assert len(told) == len(SLOTS) + 1
    assert told[-1].kid == kid


async def test_a_failure_does_not_end_the_rotation(store: Store, clock: SettableClock, master_key: MasterKey) -> None:
    """I9: recovery without anybody's help."""
    settings = replace(SETTINGS, key_refresh=0)
    ring = make_ring(store, clock, master_key, settings=settings)
    failures = 0
    advance = ring.advance

    async def sometimes() -> None:
        nonlocal failures
        if failures < 3:
            failures += 1
            raise OSError("the disk is away")
        await advance()

    ring.advance = sometimes  # type: ignore[method-assign]  # a fault from outside, at the place where it would come
    rotating = asyncio.create_task(ring.keep_rotating())
    while not (await kids(store)).get("next"):
        assert not rotating.done()
        await asyncio.sleep(0)
    rotating.cancel()
    assert failures == 3
