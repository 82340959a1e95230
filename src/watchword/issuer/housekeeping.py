"""Rows that mean nothing any more are removed; nothing depends on when."""

import asyncio
import logging

from sqlalchemy import Connection

from watchword.errors import WatchwordError
from watchword.issuer.context import Issuer
from watchword.store.repositories import authorization_requests, console_sessions, login_throttle, outbox

INTERVAL = 300.0  # seconds

_log = logging.getLogger("watchword.housekeeping")


async def tidy(issuer: Issuer) -> None:
    """Remove expired authorization requests, counters of failed sign-ins, sign-ins of the console, and mail."""
    now = issuer.clock.now()

    def remove(connection: Connection) -> None:
        authorization_requests.forget_expired(connection, now=now)
        login_throttle.forget_expired(connection, now=now)
        console_sessions.forget_expired(connection, now=now)
        outbox.forget_expired(connection, now=now)

    await issuer.store.write(remove)


async def keep_tidy(issuer: Issuer) -> None:
    """`tidy` until cancelled; a failure is logged and tried again. Several processes may do so at once."""
    while True:
        await asyncio.sleep(INTERVAL)
        try:
            await tidy(issuer)
        except WatchwordError as error:
            _log.warning("expired rows could not be removed", extra={"error": error.code})
