"""Counters of failed sign-ins. A counter is raised before the password is looked at and given back when it was right,
so that parallel guesses cannot outrun it and successful sign-ins consume nothing (O51).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, case, delete, func, select, update

from watchword.store.repositories.inserting import insert_absent
from watchword.store.tables import login_throttle


@dataclass(frozen=True, slots=True)
class Limit:
    """How many failures one key may have.

    Args:
        key: keyed digest of an account, an address or both.
        failures: so many within ``window`` are free.
        window: seconds after which a counter that is not blocked starts anew.
        first_block: seconds of the first block; each further failure doubles it.
        longest_block: seconds that no block exceeds: never a permanent lock.
    """

    key: str
    failures: int
    window: float
    first_block: float
    longest_block: float

    def block(self, failures: int) -> float:
        """Seconds for which the key is blocked after that many failures."""
        over = failures - self.failures
        if over < 0:
            return 0.0
        return min(self.first_block * 2.0 ** min(over, 30), self.longest_block)


@dataclass(frozen=True, slots=True)
class Charge:
    """What one attempt took from the counters: given back when it succeeds.

    Args:
        retry_after: seconds to wait when the attempt is refused, else 0.
        taken: the limits that were charged, each with the block that this charge set (UTC epoch seconds, or 0).
    """

    retry_after: float
    taken: tuple[tuple[Limit, float], ...] = ()

    @property
    def refused(self) -> bool:
        """Whether the attempt must not go on."""
        return self.retry_after > 0


def charge(connection: Connection, limits: Sequence[Limit], *, now: float) -> Charge:
    """Count one attempt against every limit, or against none when one of them is blocked."""
    # Always in the same order, so that two transactions never wait for each other.
    ordered = sorted(limits, key=lambda limit: limit.key)
    keys = [limit.key for limit in ordered]
    # Looked at before anything is written: whoever is stopped cannot go on filling the table with new names (R52).
    blocked_until = connection.execute(
        select(func.max(login_throttle.c.blocked_until)).where(login_throttle.c.key.in_(keys))
    ).scalar_one()
    if blocked_until is not None and blocked_until > now:
        return Charge(retry_after=blocked_until - now)
    fresh = {"failures": 0, "window_started_at": now, "blocked_until": 0.0}
    insert_absent(
        connection,
        login_throttle,
        [{**fresh, "key": limit.key, "expires_at": now + limit.window} for limit in ordered],
    )
    rows = {
        row.key: row
        for row in connection.execute(
            select(login_throttle)
            .where(login_throttle.c.key.in_(keys))
            .order_by(login_throttle.c.key)
            .with_for_update()
        )
    }
    blocked_until = max(row.blocked_until for row in rows.values())
    if blocked_until > now:
        return Charge(retry_after=blocked_until - now)
    taken = []
    for limit in ordered:
        row = rows[limit.key]
        anew = now - max(row.window_started_at, row.blocked_until) >= limit.window
        failures = 1 if anew else row.failures + 1
        block = limit.block(failures)
        until = now + block if block else 0.0
        connection.execute(
            update(login_throttle)
            .where(login_throttle.c.key == limit.key)
            .values(
                failures=failures,
                window_started_at=now if anew else row.window_started_at,
                blocked_until=until,
                expires_at=max(now, until) + limit.window,
            )
        )
        taken.append((limit, until))
    return Charge(retry_after=0.0, taken=tuple(taken))


def give_back(connection: Connection, charged: Charge) -> None:
    """Undo a charge: the attempt was a good one. Blocks that other attempts earned stay."""
    failures = login_throttle.c.failures
    for limit, until in charged.taken:
        connection.execute(
            update(login_throttle)
            .where(login_throttle.c.key == limit.key)
            .values(
                failures=case((failures > 0, failures - 1), else_=0),
                blocked_until=case(
                    (failures - 1 < limit.failures, 0.0),
                    (login_throttle.c.blocked_until == until, 0.0),
                    else_=login_throttle.c.blocked_until,
                ),
            )
        )


def forget_expired(connection: Connection, *, now: float) -> None:
    """Remove counters that no longer mean anything."""
    connection.execute(delete(login_throttle).where(login_throttle.c.expires_at < now))
