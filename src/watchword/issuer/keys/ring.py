"""The keys at hand: what this process signs with and publishes, never older than the bound all replicas keep."""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from watchword.clock import Clock
from watchword.events import EventSink, KeyActivated, NoSink
from watchword.failpoints import failpoint
from watchword.issuer.keys import rotation
from watchword.issuer.keys.rotation import KeyStepError, NewKey, Slot, Step
from watchword.issuer.settings import IssuerSettings
from watchword.jose import Key, KeySet
from watchword.oauth.errors import TemporarilyUnavailableError
from watchword.store.engine import Store
from watchword.store.repositories import signing_keys
from watchword.store.repositories.audit import SYSTEM, Actor
from watchword.store.repositories.signing_keys import Purpose, SigningKey
from watchword.store.sealing import MasterKey

SEALED_FOR = "signing-key"

_log = logging.getLogger("watchword.keys")
_PUBLISHED = ("active", "next", "retiring")


@dataclass(frozen=True, slots=True)
class _Snapshot:
    taken_at: float
    keys: tuple[SigningKey, ...]
    active: Mapping[Slot, SigningKey]


class KeyRing:
    """Signing keys, read from the store at least every ``settings.key_refresh`` seconds.

    Nothing is signed with a picture older than that: without the store, signing stops. Private keys are opened only
    when they are active.

    Args:
        store: where the keys are.
        master_key: what opens their private halves.
        settings: lifetimes.
        clock: its time.
        events: whoever wants to know of rotations.
    """

    def __init__(
        self,
        *,
        store: Store,
        master_key: MasterKey,
        settings: IssuerSettings,
        clock: Clock,
        events: EventSink | None = None,
    ) -> None:
        self._store = store
        self._master_key = master_key
        self._settings = settings
        self._clock = clock
        self._events = events or NoSink()
        self._snapshot: _Snapshot | None = None
        self._opened: dict[str, Key] = {}
        self._refreshing = asyncio.Lock()
        self._awaited: asyncio.Task[_Snapshot] | None = None

    async def start(self) -> None:
        """Make the keys that are missing, read the ring, and open what it signs with.

        Raises:
            MasterKeyError: the ring was sealed under another master key.
        """
        await self.advance()
        await self.refresh()
        active = (await self._fresh()).active.values()
        # Beside the event loop: checking an RSA key takes longer than everything else at start-up.
        await asyncio.gather(*(asyncio.to_thread(self._open, key) for key in active))

    async def signer(self, alg: str, *, purpose: Purpose = "token") -> Key:
        """The active private key for ``alg``.

        Raises:
            TemporarilyUnavailableError: there is none, which the next rotation mends.
            StoreUnavailableError: the ring cannot be read.
        """
        active = (await self._fresh()).active.get(Slot(purpose, alg))
        if active is None:
            raise TemporarilyUnavailableError(detail=f"no active {purpose} key for {alg}", retry_after=2)
        return self._opened.get(active.kid) or self._open(active)

    async def public_jwks(self, *, purpose: Purpose = "token") -> dict[str, Any]:
        """The JWK set to publish: active, next and retiring keys, public members only."""
        keys = await self._published(purpose)
        return {"keys": [{**key.public_jwk, "use": "sig", "alg": key.algorithm} for key in keys]}

    async def published_keys(self) -> KeySet:
        """The keys with which a token now in use may be signed."""
        return KeySet([Key.from_dict(dict(key.public_jwk)) for key in await self._published("token")])

    async def find_public(self, kid: str) -> Key | None:
        """The public key ``kid`` even when it is retired, to check ``id_token_hint``; never a compromised one."""
        for key in (await self._fresh()).keys:
            if key.kid == kid and key.purpose == "token" and key.state != "compromised":
                return Key.from_dict(dict(key.public_jwk))
        return None

    async def refresh(self) -> None:
        """Read the ring now."""
        async with self._refreshing:
            await self._read()

    async def advance(self) -> None:
        """Take every step that is due; safe beside other processes that do the same."""
        now = self._clock.now()
        steps = await self._store.read(partial(rotation.due, now=now, settings=self._settings))
        for step in steps:
            await self._take(step)
        if steps:
            await self.refresh()

    async def rotate(self, algorithm: str, *, purpose: Purpose = "token", actor: Actor = SYSTEM) -> str:
        """Rotate before the time and publish the next successor; returns the kid that is active now.

        Raises:
            KeyStepError: the successor has not been published for long enough.
        """
        job = partial(
            rotation.rotate,
            algorithm=algorithm,
            now=self._clock.now(),
            settings=self._settings,
            purpose=purpose,
            actor=actor,
        )
        kid = await self._store.write(job)
        failpoint("keys.activate.after_commit")
        self._tell(kid, algorithm)
        await self.advance()
        return kid

    async def keep_rotating(self) -> None:
        """Advance the ring until cancelled; a failure is logged and tried again."""
        while True:
            await asyncio.sleep(self._settings.key_refresh)
            try:
                await self.advance()
            except Exception as error:  # noqa: BLE001  whatever it was, keys that are no longer rotated are worse
                _log.warning("the keys could not be advanced", extra={"exception": type(error).__qualname__})

    async def _take(self, step: Step) -> None:
        now = self._clock.now()
        kid: str | None = None
        match step.name:
            case "begin":
                key = await self._generate(step.slot.algorithm)
                kid = await self._store.write(partial(rotation.begin, slot=step.slot, key=key, now=now))
            case "publish":
                key = await self._generate(step.slot.algorithm)
                await self._store.write(partial(rotation.publish, slot=step.slot, key=key, now=now))
            case "activate":
                assert step.kid is not None
                job = partial(rotation.activate, slot=step.slot, expected=step.kid, now=now, settings=self._settings)
                kid = await self._store.write(job)
            case "retire":
                assert step.kid is not None
                await self._store.write(partial(rotation.retire, slot=step.slot, kid=step.kid, now=now))
        failpoint(f"keys.{step.name}.after_commit")
        if kid is not None:
            self._tell(kid, step.slot.algorithm)

    async def _generate(self, algorithm: str) -> NewKey:
        # An RSA key takes a good part of a second: beside the event loop, and outside every transaction.
        return await asyncio.to_thread(self._generate_now, algorithm)

    def _generate_now(self, algorithm: str) -> NewKey:
        key = Key.generate(algorithm)
        private = json.dumps(key.to_dict(private=True)).encode()
        return NewKey(key.kid, dict(key.to_dict()), self._master_key.seal(private, purpose=SEALED_FOR))

    async def _published(self, purpose: Purpose) -> list[SigningKey]:
        found = [key for key in (await self._fresh()).keys if key.purpose == purpose and key.state in _PUBLISHED]
        return sorted(found, key=lambda key: (_PUBLISHED.index(key.state), key.algorithm, key.kid))

    async def _fresh(self) -> _Snapshot:
        if (snapshot := self._if_fresh()) is not None:
            return snapshot
        # Everybody who needs the ring now waits for one and the same reading of it, and hears of its failure too:
        # reading one after the other, they would wait for a store that is away once each.
        if self._awaited is None or self._awaited.done():
            self._awaited = asyncio.create_task(self._read_if_old())
            self._awaited.add_done_callback(_take_notice)
        return await asyncio.shield(self._awaited)

    async def _read_if_old(self) -> _Snapshot:
        async with self._refreshing:
            return self._if_fresh() or await self._read()

    def _if_fresh(self) -> _Snapshot | None:
        if self._snapshot is None:
            return None
        age = self._clock.monotonic() - self._snapshot.taken_at
        return self._snapshot if age < self._settings.key_refresh else None

    async def _read(self) -> _Snapshot:
        began = self._clock.monotonic()
        keys = tuple(await self._store.read(signing_keys.list_all))
        active = {Slot(key.purpose, key.algorithm): key for key in keys if key.state == "active"}
        kids = {key.kid for key in active.values()}
        self._opened = {kid: key for kid, key in self._opened.items() if kid in kids}
        self._snapshot = _Snapshot(began, keys, active)
        return self._snapshot

    def _open(self, key: SigningKey) -> Key:
        private = json.loads(self._master_key.open(key.sealed_private_jwk, purpose=SEALED_FOR))
        self._opened[key.kid] = Key.from_dict(private)
        return self._opened[key.kid]

    def _tell(self, kid: str, algorithm: str) -> None:
        self._events.emit(KeyActivated(self._clock.now(), kid, algorithm))


def _take_notice(reading: "asyncio.Task[_Snapshot]") -> None:
    """Those who waited may all have gone away; a failure that nobody hears of would be logged as a mistake."""
    if not reading.cancelled():
        reading.exception()


__all__ = ["KeyRing", "KeyStepError"]
