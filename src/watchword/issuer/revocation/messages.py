"""The claims of the feed's messages: docs/protocol/revocation.md, "Messages". No I/O; time is an argument."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from watchword.oauth.revocation import EPOCH_KINDS, MESSAGE_LIFETIME, PROTOCOL_VERSION
from watchword.store.repositories.journal import Entry, Head


def snapshot_claims(issuer: str, head: Head, entries: Iterable[Entry], *, now: float) -> dict[str, Any]:
    """All that is withdrawn where the journal ends.

    Args:
        issuer: as in ``iss``.
        head: where the journal ended when ``entries`` were read.
        entries: its unexpired rows, in order.
        now: UTC epoch seconds.
    """
    rows = [_row(entry) for entry in _merged(entries)]
    return _begun(issuer, head, now) | {"type": "snapshot", "seq": head.seq, "entries": rows}


def page_claims(
    issuer: str, head: Head, after: int, to: int, entries: Iterable[Entry], *, now: float
) -> dict[str, Any]:
    """What is withdrawn by the numbers after ``after`` up to ``to``; those that have expired are missing.

    Args:
        issuer: as in ``iss``.
        head: where the journal ended when ``entries`` were read.
        after: where the page before ended; 0 for the first.
        to: where this one does; ``head.seq`` for the last.
        entries: every unexpired row in between, in order.
        now: UTC epoch seconds.
    """
    told = {"type": "page", "from": after, "to": to, "head": head.seq, "entries": [_row(entry) for entry in entries]}
    return _begun(issuer, head, now) | told


def batch_claims(issuer: str, head: Head, after: int, entries: Iterable[Entry], *, now: float) -> dict[str, Any]:
    """What came after number ``after``, as far as ``entries`` go.

    Args:
        issuer: as in ``iss``.
        head: where the journal ended when ``entries`` were read.
        after: the last number that the reader has.
        entries: the rows from ``after + 1`` on, in order, none left out.
        now: UTC epoch seconds.
    """
    rows = [_row(entry) for entry in entries]
    told = {"type": "batch", "from": after, "to": after + len(rows), "head": head.seq, "entries": rows}
    return _begun(issuer, head, now) | told


def _begun(issuer: str, head: Head, now: float) -> dict[str, Any]:
    times = {"iat": int(now), "exp": int(now) + MESSAGE_LIFETIME}
    return {"iss": issuer, **times, "ver": PROTOCOL_VERSION, "journal_id": head.journal_id}


def _row(entry: Entry) -> list[Any]:
    # Rounded up: no reader may forget an entry before its last token has ended.
    row = [entry.seq, entry.kind, entry.digest, math.ceil(entry.expires_at)]
    return [*row, entry.epoch] if entry.kind in EPOCH_KINDS else row


def _merged(entries: Iterable[Entry]) -> Iterator[Entry]:
    """One entry for each value, as a reader of all the batches would hold it: the last number, the latest expiry, the
    highest epoch.
    """
    merged: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        # Taken out and put in again, so that the last numbers are in order.
        before = merged.pop((entry.kind, entry.digest), None)
        merged[entry.kind, entry.digest] = entry if before is None else _merge(before, entry)
    yield from merged.values()


def _merge(before: Entry, entry: Entry) -> Entry:
    epoch = None if entry.epoch is None else max(entry.epoch, before.epoch or 0)
    return replace(entry, expires_at=max(entry.expires_at, before.expires_at), epoch=epoch)
