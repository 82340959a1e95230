"""Move everything that is sealed from one master key to another while issuers run.

Running processes know both keys (`MasterKey.beside`), so they open whatever they meet. Each envelope is moved in a
transaction of its own and only after the new one has been opened again, so that it may be killed anywhere and begun
again. The installation's check moves last: while it is under the old key, the old key is still needed.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from watchword.admin.desk import OPERATOR
from watchword.clock import Clock
from watchword.failpoints import failpoint
from watchword.issuer.keys.generation import SEALED_FOR
from watchword.store.engine import Store
from watchword.store.errors import MasterKeyError
from watchword.store.repositories import sealed_values
from watchword.store.repositories.audit import Actor, AuditEntry, record
from watchword.store.repositories.sealed_values import SealedValue
from watchword.store.schema import require_own
from watchword.store.sealing import MasterKey


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many envelopes were moved by this call, and how many there are; ``was_done`` when there was nothing to do."""

    moved: int
    total: int
    was_done: bool


async def reseal(
    store: Store,
    master_key: MasterKey,
    *,
    clock: Clock,
    actor: Actor = OPERATOR,
    tell: Callable[[int, int], None] | None = None,
) -> Resealed:
    """Seal everything under ``master_key``; whatever is left is opened with the one beside it.

    Args:
        store: the installation's records.
        master_key: the new key, with the old one beside it.
        clock: the time for the audit row.
        actor: who does it.
        tell: hears how many of how many are done.

    Raises:
        MasterKeyError: something opens with neither of the two; what was moved before stays moved.
        SchemaAheadError: a newer version may have sealed what this one does not know; nothing was moved.
        StoreUnavailableError: begin again: what was moved stays moved.
    """
    await store.read(require_own)
    moved = 0
    while True:
        values = await store.read(_list)
        behind = [value for value in values if not master_key.opens_alone(value.sealed, purpose=value.purpose)]
        for number, value in enumerate(behind, start=1):
            if await _move(store, master_key, value):
                moved += 1
            if tell is not None:
                tell(len(values) - len(behind) + number, len(values))
        finish = partial(_finish, master_key=master_key, moved=moved, now=clock.now(), actor=actor)
        ended = await store.write(finish)
        if ended is not None:
            return Resealed(moved, len(values), was_done=not ended and not moved)


async def _move(store: Store, master_key: MasterKey, value: SealedValue) -> bool:
    fresh = _sealed_anew(master_key, value)

    def job(connection: Connection) -> bool:
        was_there = sealed_values.replace(connection, value, fresh)
        failpoint("reseal.value.before_commit")
        return was_there

    was_moved = await store.write(job)
    failpoint("reseal.value.after_commit")
    return was_moved


def _finish(connection: Connection, *, master_key: MasterKey, moved: int, now: float, actor: Actor) -> bool | None:
    """Move the check when nothing is left behind: True if it was moved here, False if it had been, None if not yet."""
    values = _list(connection)
    if any(not master_key.opens_alone(value.sealed, purpose=value.purpose) for value in values):
        return None  # something was sealed by another process meanwhile
    check = sealed_values.check_of(connection)
    if master_key.opens_alone(check.sealed, purpose=check.purpose):
        return False
    if not sealed_values.replace(connection, check, _sealed_anew(master_key, check)):
        return None
    details = {"values": len(values), "moved_last": moved}
    record(connection, AuditEntry(now, actor, "issuer.resealed", "issuer", "", details))
    failpoint("reseal.check.before_commit")
    return True


def _sealed_anew(master_key: MasterKey, value: SealedValue) -> bytes:
    """A new envelope of the same text, which has been opened again."""
    try:
        plaintext = master_key.open(value.sealed, purpose=value.purpose)
    except MasterKeyError:
        raise MasterKeyError(f"`{value.name}` opens with neither the new nor the previous master key") from None
    fresh = master_key.seal(plaintext, purpose=value.purpose)
    if not hmac.compare_digest(master_key.open_alone(fresh, purpose=value.purpose), plaintext):
        raise MasterKeyError("what was sealed under the new master key does not open again")
    return fresh


def _list(connection: Connection) -> list[SealedValue]:
    return sealed_values.list_all(connection, signing_key_purpose=SEALED_FOR)
