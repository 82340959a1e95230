"""What no request tells: how the installation stands, measured every few seconds while somebody listens."""

import asyncio

from sqlalchemy import Connection

from watchword import telemetry
from watchword.errors import WatchwordError
from watchword.events import Measured
from watchword.issuer.context import Issuer
from watchword.store.repositories import journal, signing_keys
from watchword.store.repositories.journal import Standing
from watchword.store.repositories.signing_keys import SigningKey

INTERVAL = 5.0  # seconds


async def measure(issuer: Issuer) -> None:
    """Tell every quantity once; those the database knows only if it answers."""
    tell = _Teller(issuer)
    tell.told(telemetry.STREAMS_OPEN, len(issuer.streams))
    tell.told(telemetry.PASSWORDS_PENDING, issuer.passwords.pending)
    tell.told(telemetry.READY, (await issuer.health.report()).is_ready)
    try:
        began = issuer.clock.now()
        of_database = await issuer.store.now()
        # The answer was made somewhere between asking and hearing it.
        tell.told(telemetry.CLOCK_OFFSET, abs(of_database - (began + issuer.clock.now()) / 2))
        standing, keys = await issuer.store.read(lambda connection: _look(connection, now=began))
    except WatchwordError:
        return  # the transactions that failed are counted
    tell.journal(standing)
    tell.keys(keys)


async def keep_measuring(issuer: Issuer) -> None:
    """`measure` until cancelled."""
    while True:
        await measure(issuer)
        await asyncio.sleep(INTERVAL)


def _look(connection: Connection, *, now: float) -> tuple[Standing, list[SigningKey]]:
    return journal.standing(connection, now=now), signing_keys.list_all(connection)


class _Teller:
    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._now = issuer.clock.now()

    def told(self, metric: telemetry.Metric, value: float, *labels: str) -> None:
        self._issuer.events.emit(Measured(self._now, metric.name, float(value), labels))

    def journal(self, standing: Standing) -> None:
        self.told(telemetry.JOURNAL_SEQUENCE, standing.seq)
        for kind in telemetry.JOURNAL_KINDS:
            self.told(telemetry.JOURNAL_ENTRIES, standing.entries.get(kind, 0), kind)
        if standing.last_at is not None:
            self.told(telemetry.JOURNAL_HEAD_AGE, max(self._now - standing.last_at, 0))

    def keys(self, keys: list[SigningKey]) -> None:
        for key in keys:
            if key.state == "active":
                due = (key.activated_at or 0) + self._issuer.settings.key_lifetime - self._now
                self.told(telemetry.KEY_ROTATION_DUE, due, key.purpose, key.algorithm)
