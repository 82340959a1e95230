"""An issuer in a process that may be killed, for `tests.faults.crash`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.conftest import MASTER_KEY
from tests.faults.crash import Handler
from tests.issuer.issuing import Listener, client_of, make_issuer

from watchword.clock import SettableClock
from watchword.issuer.app import create_app
from watchword.store.engine import open_store
from watchword.store.repositories.audit import SYSTEM


@asynccontextmanager
async def worker(setup: dict[str, Any]) -> AsyncIterator[Handler]:
    """Answer forms sent to the endpoints (``path``), and work on the ring of keys (``keys``)."""
    store = open_store(setup["url"], shared=True)
    clock = SettableClock(setup["now"])
    issuer = make_issuer(store, clock, MASTER_KEY, Listener())
    async with client_of(create_app(issuer)) as http:

        async def on_keys(job: dict[str, Any]) -> dict[str, Any]:
            ring = issuer.keys
            match job["keys"]:
                case "advance":
                    await ring.advance()
                case "compromise":
                    await ring.compromise(job["kid"], reason="test", actor=SYSTEM)
                case "add_algorithm":
                    await ring.add_algorithm(job["algorithm"], actor=SYSTEM)
                case "remove_algorithm":
                    await ring.remove_algorithm(job["algorithm"], actor=SYSTEM)
            return {"kid": (await ring.signer("ES256")).kid, "jwks": (await ring.public_jwks())["keys"]}

        async def handle(job: dict[str, Any]) -> dict[str, Any]:
            clock.jump(job["now"] - clock.now())
            if "keys" in job:
                return await on_keys(job)
            answer = await http.post(job["path"], data=job["form"], auth=(job["id"], job["secret"]))
            return {"status": answer.status_code, "body": answer.json() if answer.content else {}}

        yield handle
    issuer.passwords.close()
    await store.close()
