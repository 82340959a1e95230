"""Rows that mean nothing any more are removed; nothing depends on when."""

import asyncio
import logging

from sqlalchemy import Connection

from watchword.errors import WatchwordError
from watchword.issuer.context import Issuer
from watchword.issuer.keys.step_time import StepTime, database_time
from watchword.issuer.revocation.pruning import prune
from watchword.store.repositories import authorization_requests, console_sessions, login_throttle, outbox

INTERVAL = 300.0  # seconds
# How far this machine's clock may be from the database's, in seconds. For as long, too, an expired entry of the journal
# is kept: whichever of the two is wrong, nothing goes that could still refuse a token.
TOLERANCE = 600.0

_log = logging.getLogger("watchword.housekeeping")


async def tidy(issuer: Issuer, *, database_clock: StepTime = database_time) -> bool:
    """Remove expired authorization requests, counters of failed sign-ins, sign-ins of the console, mail, and entries of
    the journal.

    Args:
        issuer: whose.
        database_clock: reads the database's clock.

    Returns:
        Whether it could be done. Nothing is removed when the two clocks differ by more than `TOLERANCE` (THREATS R46):
        one of them has jumped, and what looks expired may not be.

    Raises:
        StoreUnavailableError: the database does not answer.
    """
    here, there = issuer.clock.now(), await issuer.store.read(database_clock)
    if abs(here - there) > TOLERANCE:
        return False
    now = min(here, there)

    def remove(connection: Connection) -> None:
        authorization_requests.forget_expired(connection, now=now)
        login_throttle.forget_expired(connection, now=now)
        console_sessions.forget_expired(connection, now=now)
        outbox.forget_expired(connection, now=now)

    await issuer.store.write(remove)
    await prune(issuer.store, before=now - TOLERANCE)
    return True


async def keep_tidy(issuer: Issuer) -> None:
    """`tidy` until cancelled; a failure is logged and tried again. Several processes may do so at once."""
    while True:
        await asyncio.sleep(INTERVAL)
        try:
            if not await tidy(issuer):
                _log.warning("nothing is removed: this machine's clock and the database's differ")
        except WatchwordError as error:
            _log.warning("expired rows could not be removed", extra={"error": error.code})
