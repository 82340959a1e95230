"""What the mirror keeps, and for how long (THREATS R42, R43)."""

import subprocess
import sys
from typing import Any

import pytest
from tests.verify.revocation.vectors import ISSUER, NOW

from watchword.oauth.revocation import KINDS, digest_bytes
from watchword.verify.revocation.marks import TokenMarks
from watchword.verify.revocation.message import Entry, Message
from watchword.verify.revocation.mirror import SWEEP_EVERY, Mirror, Outcome


def entry(seq: int, kind: str = "token", value: str = "t-1", *, lifetime: int = 600, epoch: int = 0) -> Entry:
    return Entry(seq, KINDS.index(kind), digest_bytes(kind, ISSUER, value), NOW + lifetime, epoch)


def snapshot(*entries: Entry, seq: int | None = None, journal: str = "one", issued_at: int = NOW) -> Message:
    end = max((row.seq for row in entries), default=0) if seq is None else seq
    return Message(journal, issued_at, True, 0, end, end, entries)


def batch(*entries: Entry, first: int, head: int | None = None, journal: str = "one") -> Message:
    to = first + len(entries)
    return Message(journal, NOW, False, first, to, to if head is None else head, entries)


def marks(**claims: Any) -> TokenMarks:
    return TokenMarks.of(claims, kid=None, issuer=ISSUER)


def test_an_entry_refuses_until_the_second_it_expires() -> None:
    mirror = Mirror()
    mirror.take(snapshot(entry(1)), now=NOW)
    assert mirror.withdrawn_by(marks(jti="t-1"), now=NOW + 599.9) == "token"
    assert mirror.withdrawn_by(marks(jti="t-1"), now=NOW + 600) is None


def test_r43_what_has_expired_is_forgotten_within_a_minute() -> None:
    mirror = Mirror()
    mirror.take(snapshot(entry(1), entry(2, value="t-2", lifetime=6000)), now=NOW)
    heartbeat = batch(first=2)
    mirror.take(heartbeat, now=NOW + 600)
    assert mirror.entries == 1
    mirror.take(heartbeat, now=NOW + 6000)
    assert mirror.entries == 0


def test_r43_a_clock_that_was_set_back_does_not_stop_the_forgetting() -> None:
    mirror = Mirror()
    mirror.take(snapshot(seq=0), now=NOW + 10**6)
    mirror.take(batch(entry(1), first=0), now=NOW)
    mirror.take(batch(first=1), now=NOW + 600 + SWEEP_EVERY)
    assert mirror.entries == 0


@pytest.mark.parametrize(("first", "second"), [((5, 600), (7, 500)), ((7, 500), (5, 600))])
def test_the_greater_epoch_and_the_greater_expiry_stay(first: tuple[int, int], second: tuple[int, int]) -> None:
    mirror = Mirror()
    mirror.take(snapshot(seq=0), now=NOW)
    for seq, (epoch, lifetime) in enumerate((first, second)):
        mirror.take(batch(entry(seq + 1, "all", "", epoch=epoch, lifetime=lifetime), first=seq), now=NOW)
    assert set(mirror.told().values()) == {(NOW + 600, 7)}


def test_a_snapshot_that_ends_before_a_known_number_is_not_the_end_of_it() -> None:
    """A cached one: it is applied, being no older than the mirror, and the gap stays a gap."""
    mirror = Mirror()
    mirror.take(snapshot(seq=1), now=NOW)
    assert mirror.take(batch(entry(6), first=5), now=NOW).outcome is Outcome.SNAPSHOT_NEEDED
    assert mirror.take(snapshot(seq=3), now=NOW) == (Outcome.APPLIED, False)
    assert mirror.needs_snapshot
    assert mirror.take(snapshot(seq=5), now=NOW) == (Outcome.APPLIED, True)
    assert not mirror.needs_snapshot


def test_a_gap_of_the_journal_before_the_restore_is_forgotten_with_it() -> None:
    mirror = Mirror()
    mirror.take(snapshot(seq=900), now=NOW)
    mirror.take(batch(first=999), now=NOW)
    mirror.take(snapshot(seq=1, journal="two", issued_at=NOW + 1), now=NOW)
    assert not mirror.needs_snapshot


def test_while_a_snapshot_is_needed_a_replayed_heartbeat_is_no_news() -> None:
    mirror = Mirror()
    mirror.take(snapshot(seq=1), now=NOW)
    mirror.need_snapshot()
    assert mirror.take(batch(first=1), now=NOW) == (Outcome.IGNORED, False)
    mirror.take(snapshot(seq=1), now=NOW)
    assert mirror.take(batch(first=1), now=NOW) == (Outcome.IGNORED, True)


MILLION = """
import os
from watchword.verify.revocation.message import Entry, Message
from watchword.verify.revocation.mirror import Mirror

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

mirror = Mirror()
mirror.take(Message("one", 0, True, 0, 0, 0, ()), now=0)
before = resident()
for first in range(0, 1_000_000, 1000):
    rows = tuple(
        Entry(first + place, 0, (first + place).to_bytes(16, "big"), 600 + first // 5000, 0) for place in range(1, 1001)
    )
    mirror.take(Message("one", 0, False, first, first + 1000, first + 1000, rows), now=0)
assert mirror.entries == 1_000_000
print((resident() - before) / 1_000_000)
mirror.take(Message("one", 0, False, 10**6, 10**6, 10**6, ()), now=10**6)
assert mirror.entries == 0
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_r43_a_million_entries_take_less_than_150_bytes_each() -> None:
    done = subprocess.run([sys.executable, "-c", MILLION], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 150
