"""The drill of docs/keys.md: an API moves from ES256 to ML-DSA-65 while it is in use, and no request fails.

Two issuers serve real ports over one database; tokens are asked for and verified without a pause, and only the clock is
moved by hand, so that the waits of the runbook take no time.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2
import jwt as pyjwt
import pytest
from tests.issuer.issuing import ORDERS, SECRET, Listener, World, make_issuer
from tests.issuer.revocation.serving import Served, served

from watchword.admin import algorithm_choice, keys
from watchword.admin.desk import AdminDesk
from watchword.clock import SettableClock
from watchword.issuer.keys import rotation
from watchword.issuer.keys.rotation import KeyStepError
from watchword.jose import jws
from watchword.store.repositories.clients import Client
from watchword.store.sealing import MasterKey
from watchword.verify import Verifier

pytestmark = pytest.mark.anyio

OLD, NEW = "ES256", "ML-DSA-65"
STEP = 5.0  # seconds of the clock between two tokens
FORM = {"grant_type": "client_credentials", "resource": ORDERS}


class Foreign:
    """PyJWT as services use it: the keys fetched when the old ones are as old as they may be, or one is not known."""

    def __init__(self, url: str, clock: SettableClock) -> None:
        self._url, self._clock = f"{url}/jwks", clock
        self._keys: dict[str, Any] = {}
        self._until = 0.0

    def verify(self, token: str) -> None:
        kid = pyjwt.get_unverified_header(token)["kid"]
        if self._clock.now() >= self._until or kid not in self._keys:
            answer = httpx2.get(self._url, trust_env=False)
            self._until = self._clock.now() + int(answer.headers["cache-control"].rpartition("=")[2])
            known = (key for key in answer.json()["keys"] if key["alg"] == OLD)
            self._keys = {key["kid"]: pyjwt.PyJWK(key).key for key in known}
        options: Any = {"verify_exp": False, "verify_iat": False}  # its clock is the machine's
        pyjwt.decode(token, self._keys[kid], algorithms=[OLD], audience=ORDERS, options=options)


@dataclass
class Traffic:
    """Whoever asks for tokens at each issuer in turn, and whoever verifies them: new ones and old ones."""

    places: tuple[Served, Served]
    client: Client
    clock: SettableClock
    verifiers: tuple[Verifier, Verifier]
    foreign: Foreign
    seen: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    alive: list[tuple[float, str]] = field(default_factory=list)

    async def go_on(self, seconds: float) -> None:
        """Let time pass."""
        async with httpx2.AsyncClient(trust_env=False) as http:
            for _ in self._steps(seconds):
                place = self.places[len(self.seen) % 2]
                answer = await http.post(f"{place.url}/token", data=FORM, auth=(self.client.id, SECRET))
                if answer.status_code != 200:
                    self.failed.append(answer.text)
                    continue
                token = answer.json()["access_token"]
                self.seen.append(jws.split(token).header.alg)
                self.alive.append((self.clock.now() + answer.json()["expires_in"], token))
                await asyncio.to_thread(self._verify)

    def _steps(self, seconds: float) -> Iterator[None]:
        end = self.clock.now() + seconds
        while self.clock.now() < end:
            self.clock.advance(min(STEP, end - self.clock.now()))
            yield

    def _verify(self) -> None:
        now = self.clock.now()
        self.alive = [(ends, token) for ends, token in self.alive if ends > now]
        for verifier in self.verifiers:
            for _, token in (self.alive[0], self.alive[-1]):  # the oldest that lives, and the newest
                try:
                    verifier.verify(token)
                except Exception as error:  # noqa: BLE001  whatever it is, a request has failed
                    self.failed.append(f"{jws.split(token).header.alg}: {error!r}")
        for _, token in (self.alive[0], self.alive[-1]):
            if jws.split(token).header.alg == OLD:
                self.foreign.verify(token)


async def test_from_es256_to_ml_dsa_65_without_a_failed_request(world: World, master_key: MasterKey) -> None:
    second = make_issuer(world.issuer.store, world.clock, master_key, Listener())
    client = await world.client()
    desk = AdminDesk(
        store=world.issuer.store,
        clock=world.clock,
        passwords=world.issuer.passwords,
        keys=world.issuer.keys,
        settings=world.issuer.settings,
    )
    async with served(world) as one, served(replace(world, issuer=second)) as two:
        verifiers = tuple(
            Verifier(
                issuer=world.issuer.settings.issuer,
                audience=ORDERS,
                jwks_url=f"{place.url}/jwks",
                clock=world.clock,
                revocation="off",
            )
            for place in (one, two)
        )
        traffic = Traffic((one, two), client, world.clock, verifiers, Foreign(one.url, world.clock))  # type: ignore[arg-type]
        await traffic.go_on(60)

        # 1. Publish.
        await keys.add_algorithm(desk, NEW)
        with pytest.raises(KeyStepError, match="does not sign yet"):
            await algorithm_choice.choose_for_audience(desk, ORDERS, NEW)
        await traffic.go_on(rotation.prepublication(desk.settings))
        assert set(traffic.seen) == {OLD}
        await desk.keys.advance()
        await traffic.go_on(desk.settings.key_refresh)

        # 2. Move the API over.
        await algorithm_choice.choose_for_audience(desk, ORDERS, NEW)
        moved_at = len(traffic.seen)
        await traffic.go_on(400)
        assert set(traffic.seen[moved_at:]) == {NEW}

        # 3. Rotate the new one, and go back, and forth again: nothing is one-way.
        await keys.rotate(desk, NEW)
        await traffic.go_on(60)
        await algorithm_choice.choose_for_audience(desk, ORDERS, None)
        await traffic.go_on(60)
        assert traffic.seen[-1] == OLD
        await algorithm_choice.choose_for_audience(desk, ORDERS, NEW)
        await traffic.go_on(60)
        await keys.use_by_default(desk, NEW)
        await algorithm_choice.choose_for_audience(desk, ORDERS, None)
        await traffic.go_on(60)
        assert traffic.seen[-1] == NEW
    second.passwords.close()
    assert traffic.failed == []
    assert len(traffic.seen) > 150
