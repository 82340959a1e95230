"""The reader against every vector of docs/protocol/revocation.md (THREATS R42)."""

from typing import Any

import pytest
from tests.verify.revocation.vectors import ISSUER, NOW, VECTORS, message, named

from watchword.jose import KeySet, base64url
from watchword.jose.errors import ClaimError
from watchword.oauth.revocation import KINDS, digest_bytes
from watchword.verify.revocation.errors import MessageRefusedError
from watchword.verify.revocation.marks import TokenMarks
from watchword.verify.revocation.message import Message, read, read_claims, split
from watchword.verify.revocation.mirror import Assembly, Mirror


def told(mirror: Mirror) -> dict[str, Any] | None:
    if mirror.journal_id is None:
        return None
    entries = [
        [kind, base64url.encode_text(digest), expires_at, *([epoch] if epoch else [])]
        for (kind, digest), (expires_at, epoch) in mirror.told().items()
    ]
    return {"journal_id": mirror.journal_id, "seq": mirror.seq, "entries": sorted(entries)}


@pytest.mark.parametrize("case", VECTORS["digests"])
def test_digests(case: dict[str, str]) -> None:
    digest = digest_bytes(case["kind"], case["issuer"], case["value"])
    assert len(digest) == 16
    assert base64url.encode_text(digest) == case["digest"]


@pytest.mark.parametrize("case", named(VECTORS["sequences"]))
def test_r42_sequences(case: dict[str, Any]) -> None:
    mirror = Mirror()
    for step in case["steps"]:
        taken = mirror.take(message(step["message"]), now=NOW)
        assert (taken.outcome.value, taken.news) == (step["outcome"], step["news"])
        assert told(mirror) == step["mirror"]


@pytest.mark.parametrize("case", named(VECTORS["refused_messages"]))
def test_r42_refused_messages(case: dict[str, Any]) -> None:
    with pytest.raises(MessageRefusedError):
        message(case["message"])


@pytest.mark.parametrize("case", named(VECTORS["pages"]))
def test_r43_pages(case: dict[str, Any]) -> None:
    mirror = Mirror()
    for before in case["before"]:
        mirror.take(message(before), now=NOW)

    def put_together() -> str:
        first = case["pages"][0]
        pages = Assembly(first["from"], first["journal_id"] if first["from"] else None)
        for claims in case["pages"]:
            pages.add(message(claims))
        return mirror.take(pages, now=NOW).outcome.value if pages.is_whole else "refused"

    if case["outcome"] == "refused" and case["name"] != "the-last-is-missing":
        with pytest.raises(MessageRefusedError):
            put_together()
    else:
        assert put_together() == case["outcome"]
    assert told(mirror) == case["mirror"]


@pytest.mark.parametrize("case", named(VECTORS["verdicts"]))
def test_verdicts(case: dict[str, Any]) -> None:
    mirror = Mirror()
    entries = [
        [
            number,
            row["kind"],
            base64url.encode_text(digest_bytes(row["kind"], ISSUER, row["value"])),
            row["expires_at"],
            *([row["epoch"]] if "epoch" in row else []),
        ]
        for number, row in enumerate(case["withdrawn"], 1)
    ]
    shape = {"iss": ISSUER, "iat": NOW, "exp": NOW + 60, "ver": 1, "journal_id": "one", "type": "snapshot"}
    snapshot = shape | {"seq": len(entries), "entries": entries}
    # Early enough that nothing has expired yet: it is the question, not the sweep, that must leave out what has.
    mirror.take(message(snapshot), now=0)
    if case["verdict"] == "malformed":
        with pytest.raises(ClaimError):
            TokenMarks.of(case["claims"], kid=case["header"]["kid"], issuer=ISSUER)
        return
    marks = TokenMarks.of(case["claims"], kid=case["header"]["kid"], issuer=ISSUER)
    kind = mirror.withdrawn_by(marks, now=case["now"])
    assert (kind in KINDS) is (case["verdict"] == "refused")
    assert mirror.withdrawn_by(marks, now=case["now"]) == kind  # and again, from the digests that were kept


@pytest.mark.parametrize("case", named(VECTORS["signed"]["messages"]))
def test_signed_messages(case: dict[str, Any]) -> None:
    signed = VECTORS["signed"]

    def reading() -> Message:
        keys = KeySet.from_dict(signed["jwks"])
        return read(split(case["jws"].encode()), keys, issuer=ISSUER, now=signed["now"], leeway=60.0)

    if case["verdict"] == "refused":
        with pytest.raises(MessageRefusedError):
            reading()
    else:
        assert reading().entries


def test_no_leeway_makes_a_difference_to_the_refused_messages() -> None:
    for case in VECTORS["refused_messages"]:
        for leeway in (0.0, 300.0):
            with pytest.raises(MessageRefusedError):
                read_claims(case["message"], issuer=ISSUER, now=NOW, leeway=leeway)
