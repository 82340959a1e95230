"""Every interleaving of two clients, their tokens, time and restarts against a model of a family: O24, O25, R05-R08."""

import asyncio
import shutil
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests.conftest import MASTER_KEY, NOW
from tests.issuer.issuing import Listener, World, client_of, make_issuer, make_ring_keys, populate, store_ring

from watchword.clock import SettableClock
from watchword.issuer.app import create_app
from watchword.issuer.keys.generation import NewKey
from watchword.issuer.keys.slots import Slot
from watchword.store.engine import open_store
from watchword.store.repositories import refresh_tokens
from watchword.store.repositories.clients import Client


@dataclass
class Family:
    """What the rules say about the tokens of one grant, oldest first."""

    client: Client
    gid: str
    texts: list[str]
    used_at: list[float | None] = field(default_factory=lambda: [None])
    is_revoked: bool = False


class RefreshFamilies(RuleBasedStateMachine):
    """A confidential and a public client, each with one family; any token of any family comes at any time."""

    template: ClassVar[Path]
    directory: ClassVar[Path]
    ring_keys: ClassVar[dict[tuple[Slot, str], NewKey]]
    runs: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).runs += 1
        self.path = self.directory / f"model-{type(self).runs}.sqlite"
        shutil.copyfile(self.template, self.path)
        self.loop = asyncio.new_event_loop()
        self.clock = SettableClock(NOW)
        self.families: list[Family] = []

    async def _open(self) -> None:
        issuer = make_issuer(open_store(f"sqlite:///{self.path}"), self.clock, MASTER_KEY, Listener())
        self.issuer, self.http = issuer, client_of(create_app(issuer))

    async def _close(self) -> None:
        await self.http.aclose()
        self.issuer.passwords.close()
        await self.issuer.store.close()

    def _run(self, awaitable: Any) -> Any:
        return self.loop.run_until_complete(awaitable)

    @initialize()
    def sign_in(self) -> None:
        async def begin() -> None:
            await self._open()
            await store_ring(self.issuer.store, self.ring_keys, self.clock.now())
            user, session = await populate(self.issuer, self.clock)
            self.world = World(self.issuer, self.clock, self.http, Listener(), user, session)
            for client in (await self.world.client(), await self.world.public_client()):
                body = await self.world.sign_in(client, scopes=("offline_access", "orders:read"))
                gid = (await self.world.claims_of(body["access_token"]))["gid"]
                self.families.append(Family(client, gid, [body["refresh_token"]]))

        self._run(begin())

    @rule(owner=st.integers(0, 1), back=st.integers(0, 2), sender=st.integers(0, 1))
    def refresh(self, owner: int, back: int, sender: int) -> None:
        """The token that is ``back`` generations old, presented by its own client or by the other."""
        family, client = self.families[owner], self.families[sender].client
        index = max(len(family.texts) - 1 - back, 0)
        answer = self._run(self.world.refresh(client, family.texts[index]))
        expected = self._expected(family, index) if owner == sender else "refused"
        assert answer.status_code == (400 if expected in {"refused", "revoked"} else 200), answer.text
        match expected:
            case "rotated":
                family.used_at[index] = self.clock.now()
                family.texts.append(answer.json()["refresh_token"])
                family.used_at.append(None)
                assert len(set(family.texts)) == len(family.texts)
            case "repeated":
                assert answer.json()["refresh_token"] == family.texts[index + 1]
            case "revoked":
                family.is_revoked = True
            case _:
                assert answer.json()["error"] == "invalid_grant"

    def _expected(self, family: Family, index: int) -> str:
        used_at = family.used_at[index]
        if family.is_revoked:
            return "refused"
        if used_at is None:
            return "rotated"
        in_time = self.clock.now() - used_at <= self.issuer.settings.refresh_grace
        if not in_time or family.used_at[index + 1] is not None:
            return "revoked"
        return "refused" if family.client.is_public else "repeated"

    @rule(seconds=st.sampled_from([1, 5, 10, 11]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule()
    def restart(self) -> None:
        """O26: nothing that decides is kept in the process."""

        async def again() -> None:
            await self._close()
            await self._open()

        self._run(again())
        world = self.world
        self.world = World(self.issuer, self.clock, self.http, world.listener, world.user, world.session)

    @invariant()
    def at_most_one_token_is_alive(self) -> None:
        """I3"""
        for family in self.families:
            stored = self._run(self.issuer.store.read(partial(refresh_tokens.of_grant, grant_id=family.gid)))
            assert [token.used_at for token in stored] == family.used_at
            assert sum(token.used_at is None for token in stored) <= 1

    def teardown(self) -> None:
        self._run(self._close())
        self.loop.close()
        self.path.unlink()


@pytest.mark.slow
def test_refresh_families_behave_like_their_model(sqlite_template: Path, tmp_path: Path) -> None:
    RefreshFamilies.template = sqlite_template
    RefreshFamilies.directory = tmp_path
    RefreshFamilies.ring_keys = make_ring_keys(MASTER_KEY)
    run_state_machine_as_test(
        RefreshFamilies,
        settings=settings(
            max_examples=40,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
