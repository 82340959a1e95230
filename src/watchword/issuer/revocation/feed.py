"""The journal as signed messages, the same bytes for everybody: docs/protocol/revocation.md, "Snapshot and poll"."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

from sqlalchemy import Connection, literal, select

from watchword.clock import Clock
from watchword.issuer.keys.ring import KeyRing
from watchword.issuer.keys.signers import SignersWithdrawnError
from watchword.issuer.revocation.briefly_kept import BrieflyKept
from watchword.issuer.revocation.messages import batch_claims, page_claims, snapshot_claims
from watchword.issuer.settings import IssuerSettings
from watchword.jose import Key, jwt
from watchword.oauth.errors import OAuthError
from watchword.oauth.revocation import (
    MAX_BATCH_ENTRIES,
    MAX_PAGE_ENTRIES,
    MAX_SNAPSHOT_ENTRIES,
    MESSAGE_ALGORITHM,
    MESSAGE_LIFETIME,
    MESSAGE_TYPE,
)
from watchword.store.engine import Store
from watchword.store.repositories import journal, signing_keys
from watchword.store.repositories.journal import Entry, Head

_KEPT_SECONDS = 1.0  # as any cache on the way may
# What is long is kept for longer while the head stays where it is: a third of the time for which it may be believed.
_LONG_KEPT_SECONDS = MESSAGE_LIFETIME / 3
_KEPT_BATCHES = 256
_KEPT_SNAPSHOTS = 2  # each may be as large as 32 MiB
_KEPT_PAGES = 32  # each may be as large as 1 MiB
_TOO_LONG_FOR = 30  # seconds after which a reader that knows no pages may ask again
MAX_BEHIND = 100 * MAX_BATCH_ENTRIES  # beyond which reading everything anew costs no more than what was missed


class SnapshotRequiredError(OAuthError):
    """What came after a number cannot be told, or belongs to another journal."""

    code: ClassVar[str] = "snapshot_required"
    status: ClassVar[int] = 410
    default_sentence: ClassVar[str] = "what came after this number cannot be told any more; take a snapshot"


class SnapshotTooLongError(OAuthError):
    """The journal does not fit into one message; there are pages of it."""

    code: ClassVar[str] = "snapshot_too_long"
    status: ClassVar[int] = 503
    default_sentence: ClassVar[str] = "more is withdrawn than one message holds; read the pages"


@dataclass(frozen=True, slots=True)
class Batch:
    """A signed batch.

    Args:
        to: up to which number it tells.
        head: where the journal ended.
        text: the message.
    """

    to: int
    head: int
    text: bytes = field(repr=False)


class Feed:
    """Reads the journal, signs what is asked for, and keeps it for the second in which others ask the same.

    Nothing is told from memory alone: who asks says which head it has just read, and what was signed at another head
    is not used for it.

    Args:
        store: where the journal is.
        keys: signs with the active feed key.
        settings: whose journal it is.
        clock: its time.
    """

    def __init__(self, *, store: Store, keys: KeyRing, settings: IssuerSettings, clock: Clock) -> None:
        self._store = store
        self._keys = keys
        self._issuer = settings.issuer
        self._clock = clock
        self._batches = BrieflyKept[Batch](seconds=_KEPT_SECONDS, most=_KEPT_BATCHES, clock=clock)
        self._snapshots = BrieflyKept[bytes | None](seconds=_LONG_KEPT_SECONDS, most=_KEPT_SNAPSHOTS, clock=clock)
        self._pages = BrieflyKept[bytes](seconds=_LONG_KEPT_SECONDS, most=_KEPT_PAGES, clock=clock)
        self._snapshot_turn = asyncio.Lock()
        self._begun = 0  # snapshots, ever
        self._last_snapshot: tuple[int, bytes | None] = (0, None)  # the how manieth that was, and the message

    async def head(self) -> Head:
        """Where the journal ends now.

        Raises:
            StoreUnavailableError: it cannot be read.
        """
        return await self._store.read(journal.head)

    async def snapshot(self, head: Head) -> bytes:
        """All that is withdrawn, at ``head`` or later.

        Raises:
            SnapshotTooLongError: it does not fit into one message.
            StoreUnavailableError, TemporarilyUnavailableError: the journal cannot be read, or no key can sign.
        """
        text = await self._snapshots.get(head, self._make_snapshot)
        if text is None:
            raise SnapshotTooLongError(retry_after=_TOO_LONG_FOR)
        return text

    async def page(self, head: Head, journal_id: str, after: int) -> bytes:
        """What is withdrawn by the numbers after ``after`` of the journal ``journal_id``, as far as it fits.

        Raises:
            SnapshotRequiredError: ``head`` is of another journal or lower.
            StoreUnavailableError, TemporarilyUnavailableError: the journal cannot be read, or no key can sign.
        """
        return await self._pages.get((head, journal_id, after), partial(self._make_page, journal_id, after))

    async def batch(self, head: Head, journal_id: str, after: int) -> Batch:
        """What came after number ``after`` of the journal ``journal_id``, up to ``head`` or later, as far as it fits.

        Raises:
            SnapshotRequiredError: ``head`` is of another journal or lower, or an entry in between was deleted.
            StoreUnavailableError, TemporarilyUnavailableError: the journal cannot be read, or no key can sign.
        """
        return await self._batches.get((head, journal_id, after), partial(self._make_batch, journal_id, after))

    async def _make_snapshot(self) -> bytes | None:
        """None: it is too long. That is kept as well, for it took as much to find out."""
        begun_before = self._begun
        async with self._snapshot_turn:  # one at a time: each takes time and memory
            # Those who waited here, each for another head, are served by the first of them: a queue in which everybody
            # had one made would grow as long as trust is withdrawn more often than the journal can be written out.
            number, text = self._last_snapshot
            if number > begun_before:
                return text
            self._begun += 1
            now = self._clock.now()
            key, (head, entries) = await self._read(partial(_all, now=now))
            text = None
            if len(entries) <= MAX_SNAPSHOT_ENTRIES:
                text = await self._sign(key, lambda: snapshot_claims(self._issuer, head, entries, now=now))
            self._last_snapshot = (self._begun, text)
            return text

    async def _make_page(self, journal_id: str, after: int) -> bytes:
        now = self._clock.now()
        key, (head, entries) = await self._read(partial(_page_after, journal_id=journal_id, after=after, now=now))
        to = entries[-1].seq if len(entries) == MAX_PAGE_ENTRIES else head.seq
        return await self._sign(key, lambda: page_claims(self._issuer, head, after, to, entries, now=now))

    async def _make_batch(self, journal_id: str, after: int) -> Batch:
        key, (head, entries) = await self._read(partial(_told_after, journal_id=journal_id, after=after))
        now = self._clock.now()
        text = await self._sign(key, lambda: batch_claims(self._issuer, head, after, entries, now=now))
        return Batch(after + len(entries), head.seq, text)

    async def _read(
        self, job: Callable[[Connection], tuple[Head, list[Entry]]]
    ) -> tuple[Key, tuple[Head, list[Entry]]]:
        """What ``job`` reads, and the key to sign it with: at that moment none had withdrawn it."""
        key = await self._keys.signer(MESSAGE_ALGORITHM, purpose="feed")
        told = await self._store.read(partial(_if_signing, kid=key.kid, job=job))
        if told is None:
            await self._keys.refresh()
            key = await self._keys.signer(MESSAGE_ALGORITHM, purpose="feed")
            told = await self._store.read(partial(_if_signing, kid=key.kid, job=job))
        if told is None:
            raise SignersWithdrawnError(detail="the feed's keys were withdrawn one after the other", retry_after=1)
        return key, told

    async def _sign(self, key: Key, claims: Callable[[], dict[str, Any]]) -> bytes:
        # Beside the event loop: a long journal takes longer to write out than everything else here.
        return await asyncio.to_thread(lambda: jwt.encode(claims(), key, typ=MESSAGE_TYPE).encode("ascii"))


def _if_signing(
    connection: Connection, *, kid: str, job: Callable[[Connection], tuple[Head, list[Entry]]]
) -> tuple[Head, list[Entry]] | None:
    may_sign = connection.execute(select(signing_keys.count_signing((literal(kid),)))).scalar_one()
    return job(connection) if may_sign else None


def _all(connection: Connection, *, now: float) -> tuple[Head, list[Entry]]:
    return journal.head(connection), journal.unexpired(connection, now=now, limit=MAX_SNAPSHOT_ENTRIES + 1)


def _page_after(connection: Connection, *, journal_id: str, after: int, now: float) -> tuple[Head, list[Entry]]:
    head = journal.head(connection)
    if journal_id != head.journal_id or after > head.seq:
        raise SnapshotRequiredError
    return head, journal.unexpired(connection, now=now, after=after, limit=MAX_PAGE_ENTRIES)


def _told_after(connection: Connection, *, journal_id: str, after: int) -> tuple[Head, list[Entry]]:
    head = journal.head(connection)
    if journal_id != head.journal_id or after > head.seq:
        raise SnapshotRequiredError
    if head.seq - after > MAX_BEHIND or not journal.is_whole_after(connection, after, head.seq):
        raise SnapshotRequiredError
    return head, journal.after(connection, after, limit=MAX_BATCH_ENTRIES)
