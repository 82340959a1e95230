"""An issuer in a process that may be killed, for `tests.faults.crash`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.conftest import MASTER_KEY
from tests.faults.crash import Handler
from tests.issuer.issuing import Listener, client_of, make_issuer

from watchword.clock import SettableClock
from watchword.issuer.app import create_app
from watchword.issuer.keys import rotation
from watchword.issuer.keys.rotation import Slot
from watchword.store.engine import open_store


@asynccontextmanager
async def worker(setup: dict[str, Any]) -> AsyncIterator[Handler]:
    """Answer forms sent to the endpoints (``path``), and advance the ring of keys (``advance``)."""
    # An RSA key takes too long to make for hundreds of rounds; the steps are the same for each slot.
    rotation.SLOTS = (Slot("token", "ES256"),)
    store = open_store(setup["url"], shared=True)
    clock = SettableClock(setup["now"])
    issuer = make_issuer(store, clock, MASTER_KEY, Listener())
    async with client_of(create_app(issuer)) as http:

        async def handle(job: dict[str, Any]) -> dict[str, Any]:
            clock.jump(job["now"] - clock.now())
            if "advance" in job:
                await issuer.keys.advance()
                return {"kid": (await issuer.keys.signer("ES256")).kid}
            answer = await http.post(job["path"], data=job["form"], auth=(job["id"], job["secret"]))
            return {"status": answer.status_code, "body": answer.json() if answer.content else {}}

        yield handle
    issuer.passwords.close()
    await store.close()
