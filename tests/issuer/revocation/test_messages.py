"""The claims that are written, against the vectors of the contract and the SDK's reading of them."""

from dataclasses import replace
from typing import Any

import pytest
from tests.verify.revocation.vectors import ISSUER, NOW, VECTORS, message

from watchword.issuer.revocation.messages import batch_claims, snapshot_claims
from watchword.oauth.revocation import journal_digest
from watchword.store.repositories.journal import Entry, Head
from watchword.verify.revocation.mirror import Mirror


def entry(row: list[Any]) -> Entry:
    seq, kind, digest, expires_at, *epoch = row
    return Entry(seq, kind, digest, epoch[0] if epoch else None, NOW, expires_at)


def rewritten(told: dict[str, Any]) -> dict[str, Any]:
    """What the writer says of a journal that holds what ``told`` tells."""
    entries = [entry(row) for row in told["entries"]]
    if told["type"] == "snapshot":
        return snapshot_claims(told["iss"], Head(told["journal_id"], told["seq"]), entries, now=told["iat"] + 0.9)
    head = Head(told["journal_id"], told["head"])
    return batch_claims(told["iss"], head, told["from"], entries, now=told["iat"] + 0.9)


def told_by_the_contract() -> list[Any]:
    return [
        pytest.param(step["message"], id=f"{case['name']}-{number}")
        for case in VECTORS["sequences"]
        for number, step in enumerate(case["steps"])
    ]


@pytest.mark.parametrize("told", told_by_the_contract())
def test_the_messages_of_the_vectors_are_written_as_they_stand_there(told: dict[str, Any]) -> None:
    """Member by member and in their order. A refused message is not among them: nobody would write it."""
    written = rewritten(told)
    assert written == told
    assert list(written) == list(told)


def row(seq: int, value: str, *, kind: Any = "subject", expires_at: float = NOW + 600, epoch: int | None = 1) -> Entry:
    return Entry(seq, kind, journal_digest(kind, ISSUER, value), epoch, NOW, expires_at)


def test_a_snapshot_leaves_lower_epochs_out_and_stays_in_order() -> None:
    entries = [row(1, "a"), row(2, "b"), row(4, "a", epoch=7), row(5, "c", kind="grant", epoch=None)]
    told = snapshot_claims(ISSUER, Head("j", 6), entries, now=NOW)
    assert told["entries"] == [
        [2, "subject", journal_digest("subject", ISSUER, "b"), NOW + 600, 1],
        [4, "subject", journal_digest("subject", ISSUER, "a"), NOW + 600, 7],
        [5, "grant", journal_digest("grant", ISSUER, "c"), NOW + 600],
    ]
    assert told["seq"] == 6
    message(told)


def test_a_snapshot_refuses_what_the_batches_before_it_refuse() -> None:
    """Even if the issuer's clock went back between two entries for one value: nothing is forgotten earlier."""
    entries = [
        row(1, "a", expires_at=NOW + 900, epoch=5),
        row(2, "a", expires_at=NOW + 300, epoch=6),
        row(3, "b", kind="key", expires_at=NOW + 900, epoch=None),
        row(4, "b", kind="key", expires_at=NOW + 300, epoch=None),
    ]
    head = Head("j", 4)
    from_batches, from_snapshot = Mirror(), Mirror()
    from_batches.take(message(snapshot_claims(ISSUER, Head("j", 0), [], now=NOW)), now=NOW)
    from_batches.take(message(batch_claims(ISSUER, head, 0, entries, now=NOW)), now=NOW)
    from_snapshot.take(message(snapshot_claims(ISSUER, head, entries, now=NOW)), now=NOW)
    assert from_snapshot.told() == from_batches.told()
    assert len(from_snapshot.told()) == 2


def test_no_entry_may_be_forgotten_a_fraction_of_a_second_early() -> None:
    entries = [replace(row(1, "a"), expires_at=NOW + 0.001), replace(row(2, "b"), expires_at=NOW + 2.0)]
    told = batch_claims(ISSUER, Head("j", 2), 0, entries, now=NOW)
    assert [listed[3] for listed in told["entries"]] == [NOW + 1, NOW + 2]
