"""Rows that mean nothing any more are removed; nothing depends on when.

By a clock that is wrong, rows would go that still mean something: nothing is removed while this machine's and the
database's differ by minutes (R46).
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection

from watchword.errors import WatchwordError
from watchword.issuer.context import Issuer
from watchword.store.engine import Store
from watchword.store.repositories import (
    authorization_requests,
    console_sessions,
    journal,
    login_throttle,
    outbox,
    status_lists,
)

INTERVAL = 300.0  # seconds
MAX_SKEW = 600.0  # seconds between this machine's clock and the database's
BATCH = 1000  # rows of the journal that go in one transaction: whoever withdraws something waits for it

_log = logging.getLogger("watchword.housekeeping")


async def tidy(issuer: Issuer) -> None:
    """Remove expired authorization requests, counters of failed sign-ins, sign-ins of the console, mail, and entries of
    the journal that can hit no token any more.
    """
    now = issuer.clock.now()

    def remove(connection: Connection) -> None:
        authorization_requests.forget_expired(connection, now=now)
        login_throttle.forget_expired(connection, now=now)
        console_sessions.forget_expired(connection, now=now)
        outbox.forget_expired(connection, now=now)

    await issuer.store.write(remove)
    await prune(issuer.store, now=now)


async def prune(store: Store, *, now: float) -> None:
    """Remove entries of the journal that can hit no token any more, and places in status lists that none names,
    by any clock that is not known to be wrong.

    Args:
        store: where the journal is.
        now: this machine's time, UTC epoch seconds. What has expired is kept for as long as the clock may be ahead.
    """
    await _prune(store, partial(status_lists.forget_expired, now=now - MAX_SKEW, most=BATCH))
    forget = partial(journal.forget_expired, now=now - MAX_SKEW, most=BATCH)
    await _prune(store, forget)


async def _prune(store: Store, forget: Callable[[Connection], int]) -> None:
    while await store.write(forget) == BATCH:
        pass


async def clocks_agree(issuer: Issuer) -> bool:
    """Whether this machine's clock is near enough to the database's to say what has expired."""
    return abs(await issuer.store.now() - issuer.clock.now()) <= MAX_SKEW


async def keep_tidy(issuer: Issuer) -> None:
    """`tidy` until cancelled; a failure is logged and tried again. Several processes may do so at once."""
    while True:
        await asyncio.sleep(INTERVAL)
        try:
            if await clocks_agree(issuer):
                await tidy(issuer)
            else:
                _log.warning("nothing expired is removed: this machine's clock and the database's differ too much")
        except WatchwordError as error:
            _log.warning("expired rows could not be removed", extra={"error": error.code})
