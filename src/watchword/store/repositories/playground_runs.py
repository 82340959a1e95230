"""What the playground remembers, sealed before it gets here."""

from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, select, update

from watchword.store.repositories.inserting import insert_absent
from watchword.store.tables import playground_runs


@dataclass(frozen=True, slots=True)
class SealedRun:
    """A state and which one it is: the first has the version 1."""

    version: int
    sealed_state: bytes = field(repr=False)


def find(connection: Connection, user_id: str, part: str) -> SealedRun | None:
    """What the user has reached in that part; None at the beginning."""
    row = connection.execute(
        select(playground_runs.c.version, playground_runs.c.sealed_state).where(
            playground_runs.c.user_id == user_id, playground_runs.c.part == part
        )
    ).one_or_none()
    return None if row is None else SealedRun(row.version, row.sealed_state)


def save(
    connection: Connection, user_id: str, part: str, sealed_state: bytes, *, expected_version: int, now: float
) -> bool:
    """Put ``sealed_state`` after the version that was read (0: there was none); whether nobody else was quicker."""
    if expected_version == 0:
        row = {"user_id": user_id, "part": part, "version": 1, "sealed_state": sealed_state, "updated_at": now}
        insert_absent(connection, playground_runs, [row])
        # No two envelopes are alike: what lies there is ours, or that of somebody who was quicker.
        kept = find(connection, user_id, part)
        return kept is not None and kept.sealed_state == sealed_state
    saved = connection.execute(
        update(playground_runs)
        .where(
            playground_runs.c.user_id == user_id,
            playground_runs.c.part == part,
            playground_runs.c.version == expected_version,
        )
        .values(version=expected_version + 1, sealed_state=sealed_state, updated_at=now)
        .returning(playground_runs.c.version)
    )
    return saved.first() is not None


def forget(connection: Connection, user_id: str, part: str) -> None:
    """Begin that part anew."""
    connection.execute(
        delete(playground_runs).where(playground_runs.c.user_id == user_id, playground_runs.c.part == part)
    )
