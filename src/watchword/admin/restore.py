"""After a backup was put back: what was withdrawn since it was made is good in it again, so nothing of it may be.

Nobody can say what has been lost: which tokens, grants and consents were withdrawn, which refresh tokens were used,
which keys were compromised. So everything that lets somebody in without proving anew who they are ends here (R25).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import Connection, delete, update

from watchword.admin.desk import AdminDesk
from watchword.issuer.keys.generation import NewKey
from watchword.issuer.keys.slots import Slot
from watchword.issuer.revocation import withdraw
from watchword.store.engine import Store
from watchword.store.errors import WitnessError
from watchword.store.identifiers import new_id
from watchword.store.position import Judgement
from watchword.store.repositories import leases, signing_keys, witnesses
from watchword.store.repositories.audit import record
from watchword.store.repositories.installation import server_secret
from watchword.store.schema import require_own
from watchword.store.sealing import MasterKey
from watchword.store.tables import (
    authorization_requests,
    consents,
    console_sessions,
    epochs,
    grants,
    journal_head,
    sessions,
    setup_links,
)
from watchword.store.witness import Witness
from watchword.store.witness_file import WitnessFile

REASON = "restore"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What ended with a restore."""

    generation: int
    journal_id: str
    keys: int
    grants: int
    sessions: int
    consents: int


async def look(store: Store, master_key: MasterKey, path: Path | None) -> Judgement:
    """Whether the database is an older copy of itself, as far as the witness at ``path`` can tell.

    Raises:
        WitnessError: the file cannot be read or believed.
    """
    if path is None:
        return Judgement("ours")
    secret = await store.read(lambda connection: server_secret(connection, master_key, "witness"))
    return await Witness(store, WitnessFile(path, secret)).look()


async def acknowledge(desk: AdminDesk, witness: Witness | None) -> Acknowledged:
    """Make a database that was put back safe to serve from, in one transaction; the witness learns of it after that.

    Args:
        desk: where the operator stands.
        witness: this machine's, when it has one.

    Raises:
        SchemaAheadError: a newer version may keep what this one would not end; nothing was done.
        WitnessError: everything is done, but this machine's witness file cannot be written.
        StoreUnavailableError: nothing was done, or it is not known whether it was: look, and do it again.
    """
    seen = await _generation_seen(witness)
    now = desk.clock.now()
    # Made before, because RSA keys take a moment; with them whoever serves goes on at once.
    fresh = await desk.keys.replacements()
    done = await desk.store.write(lambda connection: _acknowledge(connection, desk, fresh, seen=seen, now=now))
    if witness is not None:
        await witness.remember_restore(now=now)
    return done


async def _generation_seen(witness: Witness | None) -> int:
    try:
        return 0 if witness is None else await witness.generation_seen()
    except WitnessError:
        return 0  # it cannot be believed; the generation begins at the second anyway


def _acknowledge(
    connection: Connection, desk: AdminDesk, fresh: Mapping[Slot, NewKey], *, seen: int, now: float
) -> Acknowledged:
    require_own(connection)
    before = witnesses.position(connection)
    journal_id = new_id()
    # Before its first entry: no reader of the old journal may be given a number of the new one for its next.
    connection.execute(update(journal_head).values(journal_id=journal_id))
    keys = _replace_keys(connection, desk, fresh, now=now)
    revoked = connection.execute(
        update(grants).where(grants.c.revoked_at.is_(None)).values(revoked_at=now, revoked_reason=REASON)
    ).rowcount
    ended = connection.execute(update(sessions).where(sessions.c.ended_at.is_(None)).values(ended_at=now)).rowcount
    forgotten = connection.execute(delete(consents)).rowcount
    connection.execute(delete(console_sessions))
    connection.execute(delete(authorization_requests))
    connection.execute(update(setup_links).where(setup_links.c.used_at.is_(None)).values(used_at=now))
    _raise_all_epochs(connection, now=now)
    leases.outnumber(connection)
    generation = witnesses.begin_generation(connection, at_least=seen, journal_id=journal_id, now=now)
    done = Acknowledged(generation, journal_id, keys, revoked, ended, forgotten)
    details = {"from_journal": before.journal_id, "from_seq": before.seq, **asdict(done)}
    record(connection, desk.entry("issuer.restored", "issuer", before.installation_id, **details))
    withdraw.everything(connection, reason=REASON, actor=desk.actor, now=now)
    return done


def _replace_keys(connection: Connection, desk: AdminDesk, fresh: Mapping[Slot, NewKey], *, now: float) -> int:
    """Compromise every key: any of them may have been, after the backup. Successors first, so that none signs."""
    order = {"next": 0, "retired": 1, "retiring": 2, "active": 3}
    found = [key for key in signing_keys.list_all(connection) if key.state != "compromised"]
    for key in sorted(found, key=lambda key: order[key.state]):
        replacement = fresh.get(Slot(key.purpose, key.algorithm))
        withdraw.key(connection, key.kid, reason=REASON, actor=desk.actor, now=now, replacement=replacement)
    return len(found)


def _raise_all_epochs(connection: Connection, *, now: float) -> None:
    """Raise each epoch there is to max(old + 1, unix seconds); `withdraw.everything` tells of the one for all."""
    second = int(now)
    raised = epochs.c.epoch + 1
    connection.execute(update(epochs).where(raised > second).values(epoch=raised))
    connection.execute(update(epochs).where(epochs.c.epoch + 1 <= second).values(epoch=second))
