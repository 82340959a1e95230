"""What is killed: an issuer in a process of its own, asked over its own HTTP endpoints.

``setup`` names the database; each job carries the time at which it happens, so that no rule depends on how long a
round takes.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.conftest import MASTER_KEY
from tests.faults.crash import Handler
from tests.issuer.issuing import REDIRECT, SECRET, VERIFIER, Listener, client_of, make_issuer

from watchword.clock import SettableClock
from watchword.issuer.app import create_app
from watchword.store.engine import open_store


@asynccontextmanager
async def worker(setup: dict[str, Any]) -> AsyncIterator[Handler]:
    store = open_store(setup["url"])
    clock = SettableClock(setup["now"])
    issuer = make_issuer(store, clock, MASTER_KEY, Listener())

    async with client_of(create_app(issuer)) as http:

        async def handle(job: dict[str, Any]) -> dict[str, Any]:
            clock.advance(job["now"] - clock.now())
            if job["do"] == "advance":
                await issuer.keys.advance()
                return {"status": 200}
            form = {"grant_type": job["do"], **job["form"]}
            if job["do"] == "authorization_code":
                form |= {"redirect_uri": REDIRECT, "code_verifier": VERIFIER}
            answer = await http.post("/token", data=form, auth=(setup["client_id"], SECRET))
            return {"status": answer.status_code, **answer.json()}

        yield handle
    issuer.passwords.close()
    await store.close()
