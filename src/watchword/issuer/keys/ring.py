"""The keys at hand: what this process signs with and publishes, never older than the bound all replicas keep."""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection

from watchword.clock import Clock
from watchword.errors import WatchwordError
from watchword.events import EventSink, KeyActivated, NoSink
from watchword.failpoints import failpoint
from watchword.issuer.keys import algorithms, rotation
from watchword.issuer.keys.agreed_time import Agreement, DatabaseTime
from watchword.issuer.keys.generation import SEALED_FOR, NewKey, generate
from watchword.issuer.keys.rotation import Step
from watchword.issuer.keys.signers import Signers, SigningKeyUnreadableError
from watchword.issuer.keys.slots import Slot, slots_of
from watchword.issuer.keys.step_time import StepTime, database_time
from watchword.issuer.revocation import withdraw
from watchword.issuer.settings import IssuerSettings
from watchword.jose import JOSEError, Key, KeySet
from watchword.oauth.errors import TemporarilyUnavailableError
from watchword.store.engine import Store
from watchword.store.errors import MasterKeyError
from watchword.store.repositories import signing_algorithms, signing_keys
from watchword.store.repositories.audit import SYSTEM, Actor
from watchword.store.repositories.signing_algorithms import SigningAlgorithm
from watchword.store.repositories.signing_keys import Purpose, SigningKey
from watchword.store.sealing import MasterKey

_log = logging.getLogger("watchword.keys")
_PUBLISHED = ("active", "next", "retiring")
_PUBLISHED_WITHIN = 1.0  # seconds after which every process has dropped a compromised key from the JWKS


@dataclass(frozen=True, slots=True)
class _Snapshot:
    taken_at: float
    keys: tuple[SigningKey, ...]
    active: Mapping[Slot, SigningKey]
    algorithms: tuple[SigningAlgorithm, ...]
    time: DatabaseTime


class KeyRing:
    """Signing keys, read from the store at least every ``settings.key_refresh`` seconds.

    Nothing is signed with a picture older than that: without the store, signing stops. Private keys are opened only
    when they are active.

    Args:
        store: where the keys are.
        master_key: what opens their private halves.
        settings: lifetimes.
        clock: how old what was read is.
        step_time: by what keys live; the database's clock.
        events: whoever wants to know of rotations.
    """

    def __init__(
        self,
        *,
        store: Store,
        master_key: MasterKey,
        settings: IssuerSettings,
        clock: Clock,
        step_time: StepTime = database_time,
        events: EventSink | None = None,
    ) -> None:
        self._store = store
        self._master_key = master_key
        self._settings = settings
        self._clock = clock
        self._time = step_time
        self._is_founded = False
        self._events = events or NoSink()
        self._snapshot: _Snapshot | None = None
        self._opened: dict[str, Key] = {}
        self._refreshing = asyncio.Lock()
        self._awaited: asyncio.Task[_Snapshot] | None = None
        self._agreement = Agreement(clock)

    async def start(self) -> None:
        """Make the keys that are missing, read the ring, and open what it signs with.

        Raises:
            SigningKeyUnreadableError: the ring was sealed under another master key, or is damaged.
        """
        await self.advance()
        await self.refresh()
        active = (await self._fresh()).active.values()
        # Beside the event loop: checking an RSA key takes longer than everything else at start-up.
        await asyncio.gather(*(asyncio.to_thread(self._open, key) for key in active))

    async def signer(self, alg: str, *, purpose: Purpose = "token") -> Key:
        """The active private key for ``alg``.

        Raises:
            TemporarilyUnavailableError: there is none, which the next rotation mends, or it cannot be opened.
            StoreUnavailableError: the ring cannot be read.
        """
        active = (await self._fresh()).active.get(Slot(purpose, alg))
        if active is None:
            raise TemporarilyUnavailableError(detail=f"no active {purpose} key for {alg}", retry_after=2)
        return self._at_hand(active)

    async def signers(self) -> Signers:
        """Every active token key, for whatever an answer turns out to need.

        What signs with them must be sure of them in its own transaction: `watchword.issuer.gate`.

        Raises:
            TemporarilyUnavailableError: the ring holds nothing yet, or a key of it cannot be opened; or this machine's
                clock and the database's differ.
            StoreUnavailableError: the ring cannot be read.
        """
        snapshot = await self._in_time()
        default = next((one.algorithm for one in snapshot.algorithms if one.is_default), None)
        if default is None:
            raise TemporarilyUnavailableError(detail="the ring holds no algorithm yet", retry_after=2)
        active = [key for slot, key in snapshot.active.items() if slot.purpose == "token"]
        return Signers({key.algorithm: self._at_hand(key) for key in active}, default)

    async def signing_algorithms(self) -> tuple[str, ...]:
        """The algorithms that tokens are signed with now, RS256 first: many clients take the first they are told."""
        active = [slot.algorithm for slot in (await self._fresh()).active if slot.purpose == "token"]
        return tuple(sorted(active, key=lambda name: (name != "RS256", name)))

    async def must_sign(self) -> tuple[str, ...]:
        """The algorithms that there has to be an active token key for: all but those added a moment ago."""
        snapshot = await self._fresh()
        begun = [(key.algorithm, key.activated_at) for key in snapshot.keys if key.activated_at is not None]
        return tuple(
            one.algorithm
            for one in snapshot.algorithms
            if one.founding or any(name == one.algorithm and at >= one.added_at for name, at in begun)
        )

    async def public_jwks(self, *, purpose: Purpose = "token") -> dict[str, Any]:
        """The JWK set to publish: active, next and retiring keys, public members only."""
        keys = await self._published(purpose)
        return {"keys": [{**key.public_jwk, "use": "sig", "alg": key.algorithm} for key in keys]}

    async def published_keys(self) -> KeySet:
        """The keys with which a token now in use may be signed."""
        return KeySet([Key.from_dict(dict(key.public_jwk)) for key in await self._published("token")])

    async def find_public(self, kid: str) -> Key | None:
        """The public key ``kid`` even when it is retired, to check ``id_token_hint``; never a compromised one."""
        key = await self._store.read(partial(signing_keys.find, kid=kid))
        if key is None or key.purpose != "token" or key.state == "compromised":
            return None
        return Key.from_dict(dict(key.public_jwk))

    async def refresh(self) -> None:
        """Read the ring now."""
        async with self._refreshing:
            await self._read()

    async def advance(self) -> None:
        """Take every step that is due; safe beside other processes that do the same."""
        if not self._is_founded:
            await self._found()
        steps = await self._store.read(lambda here: rotation.due(here, now=self._time(here), settings=self._settings))
        for step in steps:
            await self._take(step)
        if steps:
            await self.refresh()

    async def rotate(self, algorithm: str, *, purpose: Purpose = "token", actor: Actor = SYSTEM) -> str:
        """Rotate before the time and publish the next successor; returns the kid that is active now.

        Raises:
            KeyStepError: the successor has not been published for long enough.
        """

        def job(connection: Connection) -> str:
            now = self._time(connection)
            return rotation.rotate(
                connection, algorithm, now=now, settings=self._settings, purpose=purpose, actor=actor
            )

        kid = await self._store.write(job)
        failpoint("keys.activate.after_commit")
        self._tell(kid, algorithm)
        await self.advance()
        return kid

    async def seconds_to_wait(self, slot: Slot) -> float:
        """For how long the successor in ``slot`` has to be published yet; 0 when it may sign, or there is none."""

        def job(connection: Connection) -> float:
            successor = signing_keys.find_in_state(connection, *slot, "next")
            published_at = None if successor is None else successor.published_at
            if published_at is None:
                return 0.0
            return max(0.0, published_at + rotation.prepublication(self._settings) - self._time(connection))

        return await self._store.read(job)

    async def compromise(self, kid: str, *, reason: str, actor: Actor) -> bool:
        """Refuse all that ``kid`` signed, from the moment this returns; another key signs already (R36).

        Returns:
            False when there is no such key, or it is compromised already.
        """
        found = await self._store.read(partial(signing_keys.find, kid=kid))
        if found is None:
            return False
        slot = Slot(found.purpose, found.algorithm)
        successor = await self._store.read(lambda here: signing_keys.find_in_state(here, *slot, "next"))
        replacement = await self._generate(slot.algorithm) if found.state == "active" and successor is None else None

        def job(connection: Connection) -> bool:
            now = self._time(connection)
            return withdraw.key(connection, kid, reason=reason, actor=actor, now=now, replacement=replacement)

        done = await self._store.write(job)
        failpoint("keys.compromise.after_commit")
        # Also when it was done before: whoever did it may have died before the next successor was published.
        await self._go_on()
        return done

    async def replacements(self) -> dict[Slot, NewKey]:
        """A new key for each place of the ring; nothing is written."""
        slots = await self._store.read(slots_of)
        return {slot: await self._generate(slot.algorithm) for slot in slots}

    async def add_algorithm(self, algorithm: str, *, actor: Actor) -> bool:
        """Publish a key for ``algorithm``, which signs once every cache must have seen it; False if it is there.

        Raises:
            KeyStepError: tokens cannot be signed with it.
        """
        await self._found()
        done = await self._store.write(lambda here: algorithms.add(here, algorithm, now=self._time(here), actor=actor))
        failpoint("keys.add_algorithm.after_commit")
        await self._go_on()
        return done

    async def remove_algorithm(self, algorithm: str, *, actor: Actor) -> None:
        """Sign nothing more with ``algorithm``; what was signed with it stays good.

        Raises:
            KeyStepError: it is not there, or something needs it.
        """
        await self._store.write(lambda here: algorithms.remove(here, algorithm, now=self._time(here), actor=actor))
        failpoint("keys.remove_algorithm.after_commit")
        await self._go_on()

    async def make_default(self, algorithm: str, *, actor: Actor) -> None:
        """Let ``algorithm`` sign the access tokens of APIs that chose none.

        Raises:
            KeyStepError: it does not sign yet.
        """
        job = algorithms.make_default
        await self._store.write(lambda here: job(here, algorithm, now=self._time(here), actor=actor))
        await self.refresh()

    async def keep_rotating(self) -> None:
        """Advance the ring until cancelled; a failure is logged and tried again."""
        while True:
            await asyncio.sleep(self._settings.key_refresh)
            try:
                await self.advance()
            except Exception as error:  # noqa: BLE001  whatever it was, keys that are no longer rotated are worse
                _log.warning("the keys could not be advanced", extra={"exception": type(error).__qualname__})

    async def _found(self) -> None:
        held = await self._store.read(signing_algorithms.list_all)
        if not held:
            settings = self._settings

            def job(connection: Connection) -> None:
                now = self._time(connection)
                names, default = settings.signing_algorithms, settings.access_token_algorithm
                algorithms.found(connection, names, default=default, now=now)

            await self._store.write(job)
        self._is_founded = True

    async def _go_on(self) -> None:
        """Take what follows a change by hand, which is done whatever becomes of this."""
        try:
            await self.refresh()
            await self.advance()
        except WatchwordError as error:
            _log.warning("the running issuer takes the next steps", extra={"exception": type(error).__qualname__})

    async def _take(self, step: Step) -> None:
        kid: str | None = None
        slot, settings, time = step.slot, self._settings, self._time
        match step.name:
            case "begin":
                key = await self._generate(slot.algorithm)
                kid = await self._store.write(lambda here: rotation.begin(here, slot, key, now=time(here)))
            case "publish":
                key = await self._generate(slot.algorithm)
                await self._store.write(lambda here: rotation.publish(here, slot, key, now=time(here)))
            case "activate":
                expected = step.kid or ""
                kid = await self._store.write(
                    lambda here: rotation.activate(here, slot, expected=expected, now=time(here), settings=settings)
                )
            case "retire":
                ended = step.kid or ""
                await self._store.write(lambda here: rotation.retire(here, slot, kid=ended, now=time(here)))
        failpoint(f"keys.{step.name}.after_commit")
        if kid is not None:
            self._tell(kid, slot.algorithm)

    async def _generate(self, algorithm: str) -> NewKey:
        # An RSA key takes a good part of a second: beside the event loop, and outside every transaction.
        return await asyncio.to_thread(generate, algorithm, self._master_key)

    async def _published(self, purpose: Purpose) -> list[SigningKey]:
        snapshot = await self._fresh(within=_PUBLISHED_WITHIN)
        found = [key for key in snapshot.keys if key.purpose == purpose and key.state in _PUBLISHED]
        return sorted(found, key=lambda key: (_PUBLISHED.index(key.state), key.algorithm, key.kid))

    async def _in_time(self) -> _Snapshot:
        """The ring, if what is signed now would be dated as the database would date it (R48)."""
        snapshot = await self._fresh()
        if not snapshot.time.agrees(self._clock):
            # Both may have been set: on one machine they are one clock.
            snapshot = await self._fresh(within=0)
        self._agreement.require(snapshot.time)
        return snapshot

    async def _fresh(self, *, within: float | None = None) -> _Snapshot:
        """The ring, read at most ``within`` seconds ago."""
        bound = self._settings.key_refresh if within is None else min(within, self._settings.key_refresh)
        if (snapshot := self._if_fresh(bound)) is not None:
            return snapshot
        # Everybody who needs the ring now waits for one and the same reading of it, and hears of its failure too:
        # reading one after the other, they would wait for a store that is away once each.
        if self._awaited is None or self._awaited.done():
            self._awaited = asyncio.create_task(self._read_if_old(bound))
            self._awaited.add_done_callback(_take_notice)
        return await asyncio.shield(self._awaited)

    async def _read_if_old(self, bound: float) -> _Snapshot:
        async with self._refreshing:
            return self._if_fresh(bound) or await self._read()

    def _if_fresh(self, bound: float) -> _Snapshot | None:
        if self._snapshot is None:
            return None
        age = self._clock.monotonic() - self._snapshot.taken_at
        return self._snapshot if age < bound else None

    async def _read(self) -> _Snapshot:
        began = self._clock.monotonic()
        keys, held, told = await self._store.read(self._whole)
        time = DatabaseTime(told, began, self._clock.monotonic())
        active = {Slot(key.purpose, key.algorithm): key for key in keys if key.state == "active"}
        kids = {key.kid for key in active.values()}
        self._opened = {kid: key for kid, key in self._opened.items() if kid in kids}
        self._snapshot = _Snapshot(began, keys, active, held, time)
        return self._snapshot

    def _whole(self, here: Connection) -> tuple[tuple[SigningKey, ...], tuple[SigningAlgorithm, ...], float]:
        return tuple(signing_keys.list_all(here)), tuple(signing_algorithms.list_all(here)), self._time(here)

    def _at_hand(self, key: SigningKey) -> Key:
        try:
            return self._opened.get(key.kid) or self._open(key)
        except SigningKeyUnreadableError as error:
            raise TemporarilyUnavailableError(detail=error.sentence, retry_after=30) from error

    def _open(self, key: SigningKey) -> Key:
        try:
            private = json.loads(self._master_key.open(key.sealed_private_jwk, purpose=SEALED_FOR))
            opened = Key.from_dict(private)
        except (MasterKeyError, JOSEError, ValueError) as error:
            raise SigningKeyUnreadableError(
                f"the signing key {key.kid} ({key.algorithm}) cannot be opened with this master key: restore the key "
                f"file or the database, or withdraw the key with `watchword keys compromise {key.kid}`"
            ) from error
        if opened.kid != key.kid or opened.alg != key.algorithm:
            raise SigningKeyUnreadableError(f"what is kept as the signing key {key.kid} is another key")
        self._opened[key.kid] = opened
        return opened

    def _tell(self, kid: str, algorithm: str) -> None:
        self._events.emit(KeyActivated(self._clock.now(), kid, algorithm))


def _take_notice(reading: "asyncio.Task[_Snapshot]") -> None:
    """Those who waited may all have gone away; a failure that nobody hears of would be logged as a mistake."""
    if not reading.cancelled():
        reading.exception()
