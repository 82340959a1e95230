"""What breaks while an issuer works. A fault is begun, lasts for a while, and is ended again."""

import asyncio
import contextlib
import random
import sqlite3
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from benchmarks.trust.installation import Server
from tests.faults.postgres import PostgresServer
from tests.faults.proxy import Blackhole, FaultProxy, Latency, Refuse, Reset


class Trouble(ABC):
    """One kind of fault."""

    name: str

    @abstractmethod
    async def strike(self, dice: random.Random) -> None:
        """Begin it, let it last, end it."""


@dataclass
class Killed(Trouble):
    """A process of the issuer ends without a word and is started again (R03, R04, R10)."""

    servers: list[Server]
    name: str = "kill -9 of an issuer process"

    async def strike(self, dice: random.Random) -> None:
        server = dice.choice(self.servers)
        if dice.random() < 0.5:
            server.kill_a_worker()
            return
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(dice.uniform(0, 0.5))
        server.start()


@dataclass
class Paused(Trouble):
    """A process of the issuer stands still in the middle of things (R59)."""

    servers: list[Server]
    name: str = "SIGSTOP of an issuer process"

    async def strike(self, dice: random.Random) -> None:
        workers = dice.choice(self.servers).family()[1:]
        for worker in workers:
            with contextlib.suppress(psutil.NoSuchProcess):
                worker.suspend()
        try:
            await asyncio.sleep(dice.uniform(0.2, 2.5))
        finally:
            for worker in workers:
                with contextlib.suppress(psutil.NoSuchProcess):
                    worker.resume()


@dataclass
class DatabaseKilled(Trouble):
    """PostgreSQL is killed and recovers from its log (R15, R16)."""

    postgres: PostgresServer
    name: str = "kill -9 of PostgreSQL"

    async def strike(self, dice: random.Random) -> None:
        await asyncio.to_thread(self.postgres.kill)
        await asyncio.sleep(dice.uniform(0, 0.5))
        await asyncio.to_thread(self.postgres.start)


@dataclass
class DatabaseFrozen(Trouble):
    """PostgreSQL hangs (R17)."""

    postgres: PostgresServer
    name: str = "SIGSTOP of PostgreSQL"

    async def strike(self, dice: random.Random) -> None:
        self.postgres.freeze()
        try:
            await asyncio.sleep(dice.uniform(0.2, 3.0))
        finally:
            self.postgres.thaw()


@dataclass
class ReadOnly(Trouble):
    """A failover leaves the issuer at a standby: reads go on, writes are refused (R24)."""

    postgres: PostgresServer
    name: str = "read-only PostgreSQL"

    async def strike(self, dice: random.Random) -> None:
        await asyncio.to_thread(self._set, "on")
        try:
            await asyncio.sleep(dice.uniform(0.2, 1.5))
        finally:
            await asyncio.to_thread(self._set, "off")

    def _set(self, value: str) -> None:
        self.postgres.execute(
            "SET default_transaction_read_only = off",
            f"ALTER SYSTEM SET default_transaction_read_only = {value}",
            "SELECT pg_reload_conf()",
        )


@dataclass
class BadNetwork(Trouble):
    """What lies between the issuer and PostgreSQL fails (R16, R20, R23, R70)."""

    proxy: FaultProxy
    name: str = "network to PostgreSQL"

    async def strike(self, dice: random.Random) -> None:
        fault = dice.choice((Latency(0.2), Blackhole(), Refuse(), Reset(dice.randint(0, 4000))))
        await self.proxy.inject(fault)
        if dice.random() < 0.5:
            self.proxy.cut()
        try:
            await asyncio.sleep(dice.uniform(0.1, 2.5))
        finally:
            await self.proxy.heal()


@dataclass
class Locked(Trouble):
    """Another program holds SQLite's write lock (R27)."""

    path: Path
    name: str = "SQLite's write lock held by another"

    async def strike(self, dice: random.Random) -> None:
        other = sqlite3.connect(self.path, isolation_level=None, timeout=10)
        try:
            other.execute("BEGIN IMMEDIATE")
            await asyncio.sleep(dice.uniform(0.2, 3.0))
            other.execute("ROLLBACK")
        except sqlite3.OperationalError:
            pass  # the issuer was busier than it could wait: no fault, no harm
        finally:
            other.close()


@dataclass
class Weather:
    """Troubles one after the other, in an order that the dice decide."""

    troubles: list[Trouble]
    dice: random.Random
    pause: tuple[float, float] = (0.2, 1.0)
    struck: Counter[str] = field(default_factory=Counter)

    async def rage(self, seconds: float) -> None:
        """Each kind once at first, then by chance, for ``seconds``; every fault that began has ended."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        first = self.dice.sample(self.troubles, len(self.troubles))
        while loop.time() < end:
            trouble = first.pop() if first else self.dice.choice(self.troubles)
            await trouble.strike(self.dice)
            self.struck[trouble.name] += 1
            await asyncio.sleep(self.dice.uniform(*self.pause))
