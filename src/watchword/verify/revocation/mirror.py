"""What has been withdrawn, message by message: docs/protocol/revocation.md, "What the reader does with a message".

No I/O; time is an argument. One thread at a time changes the mirror; any number may ask it meanwhile.
"""

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from watchword.oauth.revocation import KINDS
from watchword.verify.revocation.errors import MessageRefusedError
from watchword.verify.revocation.marks import TokenMarks
from watchword.verify.revocation.message import Entry, Message

SWEEP_EVERY = 60.0  # seconds for which entries that have expired may still take room
# Expiry and epoch share one integer, which is half as large as a pair of them: a mirror of a million entries is what
# every process of a service carries (THREATS R43).
_EPOCH_BITS = 53
_EPOCH_MASK = (1 << _EPOCH_BITS) - 1
_KEYS = KINDS.index("key")

_Table = dict[bytes, int]


class Outcome(Enum):
    """What became of a message."""

    APPLIED = "applied"
    IGNORED = "ignored"
    SNAPSHOT_NEEDED = "snapshot_needed"


class Taken(NamedTuple):
    """What became of a message, and whether the mirror now stands where the journal ended."""

    outcome: Outcome
    news: bool


class Assembly:
    """Pages put together beside the mirror: all there is, or what came after a number of the mirror's own.

    Args:
        first: the number after which the first page begins; 0 for all there is.
        journal_id: whose number; None with 0.
    """

    __slots__ = ("first", "head", "issued_at", "journal_id", "tables", "to")

    def __init__(self, first: int = 0, journal_id: str | None = None) -> None:
        self.first = self.to = first
        self.journal_id = journal_id
        self.head: int | None = None
        self.issued_at = 0
        self.tables = _empty()

    @property
    def is_snapshot(self) -> bool:
        """Whether it replaces whatever is there."""
        return self.first == 0

    @property
    def is_whole(self) -> bool:
        """Whether the last page has been added."""
        return self.to == self.head

    def add(self, page: Message) -> None:
        """Merge the next page; together they are as old as the first.

        Raises:
            MessageRefusedError: it is not the next, or no page.
        """
        if not page.is_page or page.first != self.to or self.journal_id not in {None, page.journal_id}:
            raise MessageRefusedError("a message of the revocation feed is refused", detail="it is not the next page")
        if self.head is None:
            self.journal_id, self.issued_at = page.journal_id, page.issued_at
        _merge(self.tables, page.entries)
        self.to, self.head = page.to, page.head


class Mirror:
    """A copy of the journal: which one, up to which number, and what it withdraws."""

    __slots__ = (
        "_gap_to",
        "_must_replace",
        "_newest",
        "_occupied",
        "_sweep_at",
        "_tables",
        "journal_id",
        "key_withdrawals",
        "seq",
    )

    def __init__(self) -> None:
        self.journal_id: str | None = None
        self.seq = 0
        self.key_withdrawals = 0  # moves when keys are withdrawn that were not before
        self._newest = 0
        self._gap_to = 0
        self._must_replace = True
        self._sweep_at = 0.0
        self._replace(_empty())

    @property
    def needs_snapshot(self) -> bool:
        """Whether something is known to be missing that batches alone may not bring."""
        return self._must_replace or self._gap_to > self.seq

    @property
    def entries(self) -> int:
        """How many entries are held."""
        return sum(len(table) for table in self._tables)

    def need_snapshot(self) -> None:
        """The issuer says that what came after our number is not to be had."""
        self._must_replace = True

    def take(self, message: Message | Assembly, *, now: float) -> Taken:
        """Apply ``message``, or leave it; ``now`` is in UTC epoch seconds."""
        outcome: Outcome | None
        known_keys = frozenset(self._tables[_KEYS])
        if message.is_snapshot:
            outcome = self._take_snapshot(message)
        elif isinstance(message, Assembly):
            outcome = self._take_later_pages(message)
        else:
            outcome = self._take_batch(message)
        if outcome is None:
            return Taken(Outcome.IGNORED, news=False)
        if outcome is not Outcome.SNAPSHOT_NEEDED:
            self._newest = max(self._newest, message.issued_at)
            if not self._tables[_KEYS].keys() <= known_keys:
                self.key_withdrawals += 1
            self._sweep(now)
        news = outcome is not Outcome.SNAPSHOT_NEEDED and self.seq == message.head and not self.needs_snapshot
        return Taken(outcome, news)

    def withdrawn_by(self, marks: TokenMarks, *, now: float) -> str | None:
        """The kind of an unexpired entry that refuses the token; None: there is none."""
        for place, table in self._occupied:
            for digest, epoch in marks.digests(place):
                packed = table.get(digest)
                if packed is not None and packed >> _EPOCH_BITS > now and packed & _EPOCH_MASK > epoch:
                    return KINDS[place]
        return None

    def withdraws(self, kind: str, digest: bytes, *, now: float) -> bool:
        """Whether an unexpired entry of ``kind``, one without an epoch, refuses what ``digest`` stands for."""
        packed = self._tables[KINDS.index(kind)].get(digest)
        return packed is not None and packed >> _EPOCH_BITS > now

    def told(self) -> dict[tuple[str, bytes], tuple[int, int]]:
        """Everything that is held: the expiry and epoch of each kind and digest. For status and tests."""
        return {
            (kind, digest): (packed >> _EPOCH_BITS, packed & _EPOCH_MASK)
            for kind, table in zip(KINDS, self._tables, strict=True)
            for digest, packed in table.items()
        }

    def _take_snapshot(self, message: Message | Assembly) -> Outcome | None:
        """None: an old one, from a cache or an attacker."""
        if message.journal_id == self.journal_id:
            if message.to < self.seq:
                return None
        elif self.journal_id is not None:
            if message.issued_at <= self._newest:
                return None
            self._gap_to = 0  # a number of the journal that was left behind
        if isinstance(message, Assembly):
            tables = message.tables
        else:
            tables = _empty()
            _merge(tables, message.entries)
        # The restored journal of an issuer may know nothing of a key that was made and stolen since the backup, and a
        # thief chooses the epochs he writes: for him no epoch that the restore raised is too high.
        _merge_tables(tables[_KEYS], self._tables[_KEYS])
        self._replace(tables)
        self.journal_id, self.seq = message.journal_id, message.to
        self._must_replace = False
        return Outcome.APPLIED

    def _take_later_pages(self, pages: Assembly) -> Outcome | None:
        """None: nothing is new. Whatever number is missing has expired, so that they bring what batches could not."""
        if pages.journal_id != self.journal_id or pages.first > self.seq:
            return Outcome.SNAPSHOT_NEEDED
        if pages.to < self.seq:
            return None
        for mine, theirs in zip(self._tables, pages.tables, strict=True):
            _merge_tables(mine, theirs)
        self._occupied = _occupied(self._tables)
        self.seq = pages.to
        self._must_replace = False
        return Outcome.APPLIED

    def _take_batch(self, message: Message) -> Outcome:
        if message.journal_id != self.journal_id:
            self._must_replace = True
            return Outcome.SNAPSHOT_NEEDED
        if message.first > self.seq:
            self._gap_to = max(self._gap_to, message.first)
            return Outcome.SNAPSHOT_NEEDED
        if message.to <= self.seq:
            return Outcome.IGNORED
        _merge(self._tables, message.entries[self.seq - message.first :])
        self._occupied = _occupied(self._tables)
        self.seq = message.to
        return Outcome.APPLIED

    def _replace(self, tables: tuple[_Table, ...]) -> None:
        self._tables = tables
        self._occupied = _occupied(tables)

    def _sweep(self, now: float) -> None:
        """Forget what has expired, in tables of their own: a reader is never in the middle of one that changes."""
        if self._sweep_at - SWEEP_EVERY <= now < self._sweep_at:  # earlier still: the clock was set back
            return
        self._sweep_at = now + SWEEP_EVERY
        least = (int(now) + 1) << _EPOCH_BITS
        if any(packed < least for table in self._tables for packed in table.values()):
            self._replace(
                tuple({d: packed for d, packed in table.items() if packed >= least} for table in self._tables)
            )


def _empty() -> tuple[_Table, ...]:
    return tuple({} for _ in KINDS)


def _occupied(tables: tuple[_Table, ...]) -> tuple[tuple[int, _Table], ...]:
    return tuple((place, table) for place, table in enumerate(tables) if table)


def _later(one: int, other: int) -> int:
    """The greater expiry and the greater epoch of two."""
    return max(one >> _EPOCH_BITS, other >> _EPOCH_BITS) << _EPOCH_BITS | max(one & _EPOCH_MASK, other & _EPOCH_MASK)


def _merge_tables(mine: _Table, theirs: _Table) -> None:
    for digest, packed in theirs.items():
        mine[digest] = _later(mine.get(digest, 0), packed)


def _merge(tables: tuple[_Table, ...], entries: Iterable[Entry]) -> None:
    """Of two entries for one digest the greater expiry stays, and the greater epoch."""
    shared: dict[int, int] = {}  # what is withdrawn at one time expires at one time: one integer for all of it
    for _, place, digest, expires_at, epoch in entries:
        table = tables[place]
        packed = expires_at << _EPOCH_BITS | epoch
        known = table.get(digest)
        if known is not None:
            packed = _later(known, packed)
        table[digest] = shared.setdefault(packed, packed)
