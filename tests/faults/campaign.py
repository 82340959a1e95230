"""The home of ``scripts/faults``: runs one campaign on a fresh database and says with which seed.

A campaign is a file in tests/faults/campaigns/ with ``async def run(store, url, *, seed, rounds) -> dict``, which
raises when something that has to hold does not. What it returns is printed.
"""

import argparse
import asyncio
import importlib
import json
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import prepare
from tests.faults.postgres import PostgresServer

from watchword.store.engine import open_store

CAMPAIGNS = Path(__file__).parent / "campaigns"
DATABASES = ("sqlite", "postgresql")


@contextmanager
def database(kind: str) -> Iterator[str]:
    """The URL of an installation that nobody has used."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="watchword-faults-") as directory:
            url = f"sqlite:///{directory}/store.sqlite"
            prepare(url)
            yield url
        return
    server = PostgresServer()
    server.start()
    try:
        server.execute("CREATE DATABASE faults")
        prepare(server.url("faults"))
        yield server.url("faults")
    finally:
        server.remove()


def say(told: dict[str, object]) -> None:
    """A line of JSON."""
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def main() -> None:
    """See ``scripts/faults --help``."""
    names = sorted(path.stem for path in CAMPAIGNS.glob("[a-z]*.py"))
    parser = argparse.ArgumentParser(prog="scripts/faults", description="Run a fault campaign.")
    parser.add_argument("campaign", choices=names)
    parser.add_argument("--rounds", type=int, default=50, help="how often at each point (default 50)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="of the dice (default: another)")
    parser.add_argument("--database", choices=DATABASES, action="append", help="default: both, one after the other")
    args = parser.parse_args()
    module = importlib.import_module(f"tests.faults.campaigns.{args.campaign}")
    for kind in args.database or DATABASES:
        told = {"campaign": args.campaign, "database": kind, "rounds": args.rounds, "seed": args.seed}
        say(told)

        async def on(url: str) -> dict[str, object]:
            store = open_store(url, shared=True)
            try:
                result: dict[str, object] = await module.run(store, url, seed=args.seed, rounds=args.rounds)
                return result
            finally:
                await store.close()

        with database(kind) as url:
            say({**told, "held": True, **asyncio.run(on(url))})


if __name__ == "__main__":
    main()
