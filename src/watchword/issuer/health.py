"""Whether this process can do its work now: looked at once for all who ask, and not more often than every two seconds.

Probes come from several sides and must not load the database: they share one look, and its result for a moment. A
database that does not answer is told of after a second, while the look goes on; meanwhile nobody begins another.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, literal, select, text

from watchword.clock import Clock
from watchword.issuer.keys.agreed_time import MAX_SKEW
from watchword.issuer.keys.ring import KeyRing
from watchword.issuer.keys.slots import FEED
from watchword.store.engine import Store
from watchword.store.repositories import journal
from watchword.store.schema import check_current

State = Literal["ok", "failed", "unknown"]

BOUND = 1.0  # seconds after which those who ask are answered, whatever has been found by then
KEPT = 2.0  # seconds for which what was found is told again


@dataclass(frozen=True, slots=True)
class Report:
    """What was found. ``checks`` has the state of each by its name."""

    checks: dict[str, State]

    @property
    def is_ready(self) -> bool:
        return all(state == "ok" for state in self.checks.values())


class Health:
    """The checks of readiness.

    Args:
        store: must answer, have the right schema, and take writes.
        keys: must be able to sign everything that is signed.
        clock: says for how long what was found is told again.
    """

    def __init__(self, *, store: Store, keys: KeyRing, clock: Clock) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock
        self._stopping = False
        self._looking: asyncio.Task[dict[str, State]] | None = None
        self._found: tuple[float, dict[str, State]] | None = None
        self._checks: dict[str, Callable[[], Awaitable[object]]] = {
            "schema": lambda: store.read(check_current),
            "writes": lambda: store.write(_require_writable),
            "journal": lambda: store.read(journal.head),
            "keys": self._sign,
        }

    def stop(self) -> None:
        """Not ready from now on: whoever sends requests here has the time of the drain to go elsewhere."""
        self._stopping = True

    def add(self, name: str, check: Callable[[], Awaitable[object]]) -> None:
        """One more thing to look at: ``check`` raises when it does not hold."""
        self._checks[name] = check

    async def report(self) -> Report:
        """What is found now, or was within the last two seconds."""
        serving: State = "failed" if self._stopping else "ok"
        return Report({"serving": serving, **await self._latest()})

    async def _latest(self) -> dict[str, State]:
        now = self._clock.monotonic()
        if self._found is not None and now - self._found[0] < KEPT:
            return self._found[1]
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        # Not cancelled when it takes too long: its transaction would have to be given up, which takes longer.
        done, _ = await asyncio.wait({self._looking}, timeout=BOUND)
        if not done:
            return self._silent()
        return self._looking.result()

    def _silent(self) -> dict[str, State]:
        return {"database": "failed", **dict.fromkeys(self._checks, "unknown")}

    async def _look(self) -> dict[str, State]:
        states = await self._ask()
        self._found = (self._clock.monotonic(), states)
        return states

    async def _ask(self) -> dict[str, State]:
        if not await _holds(lambda: self._store.read(_answer)):
            return self._silent()
        states: dict[str, State] = {"database": "ok"}
        for name, check in self._checks.items():
            states[name] = "ok" if await _holds(check) else "failed"
        return states

    async def _sign(self) -> None:
        signers = await self._keys.signers()
        for algorithm in await self._keys.must_sign():
            signers.of(algorithm)
        await self._keys.signer(FEED.algorithm, purpose=FEED.purpose)

    async def compare_clocks(self) -> None:
        """A check for `add`: raises ``ValueError`` when this machine's clock and the database's differ too much."""
        if abs(await self._store.now() - self._clock.now()) > MAX_SKEW:
            raise ValueError("the clocks differ")


async def _holds(check: Callable[[], Awaitable[object]]) -> bool:
    try:
        await check()
    except Exception:  # noqa: BLE001  whatever it was: what was to hold does not
        return False
    return True


def _answer(connection: Connection) -> None:
    connection.execute(select(literal(1))).scalar_one()


def _require_writable(connection: Connection) -> None:
    """A standby refuses; SQLite has refused before, because a write transaction takes the lock as it begins."""
    if connection.dialect.name == "postgresql":
        said = connection.execute(text("SELECT current_setting('transaction_read_only')")).scalar_one()
        if said != "off":
            raise ValueError("the database takes no writes")
