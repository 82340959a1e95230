"""The vectors of docs/protocol/revocation.md against a reader that shares no code with the product (R42)."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from watchword.oauth.revocation import journal_digest

ROOT = Path(__file__).parents[2]
VECTORS: dict[str, Any] = json.loads((ROOT / "docs/protocol/revocation-vectors.json").read_text())
CONTRACT = (ROOT / "docs/protocol/revocation.md").read_text()
ISSUER: str = VECTORS["issuer"]
EPOCH_KINDS = ("subject", "client", "all")
KINDS = ("token", "grant", "session", "key", *EPOCH_KINDS)
LEEWAY = 60


def named(section: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in VECTORS[section]]


def digest_by_hand(kind: str, issuer: str, value: str) -> str:
    whole = hashlib.sha256(kind.encode() + b"\0" + issuer.encode() + b"\0" + value.encode()).digest()
    return base64.b64encode(whole[:16], altchars=b"-_").decode()[:22]


def is_count(value: object, least: int) -> bool:
    return type(value) is int and value >= least


def entry_fits(entry: object) -> bool:
    if not isinstance(entry, list) or len(entry) < 4 or entry[1] not in KINDS:
        return False
    wanted = 5 if entry[1] in EPOCH_KINDS else 4
    return (
        len(entry) == wanted
        and is_count(entry[0], 1)
        and re.fullmatch(r"[A-Za-z0-9_-]{22}", entry[2]) is not None
        and is_count(entry[3], 0)
        and (wanted == 4 or is_count(entry[4], 1))
    )


def message_fits(message: dict[str, Any], now: int) -> bool:
    entries = message.get("entries")
    if (
        message.get("iss") != ISSUER
        or message.get("ver") != 1
        or not message.get("journal_id")
        or message["exp"] + LEEWAY < now
        or not isinstance(entries, list)
        or not all(entry_fits(entry) for entry in entries)
    ):
        return False
    numbers = [entry[0] for entry in entries]
    if message.get("type") == "snapshot":
        seq = message.get("seq")
        return is_count(seq, 0) and numbers == sorted(set(numbers)) and all(number <= seq for number in numbers)
    if message.get("type") == "batch":
        first, last, head = message["from"], message["to"], message["head"]
        return first <= last <= head and numbers == list(range(first + 1, last + 1))
    if message.get("type") == "page":
        first, last, head = message["from"], message["to"], message["head"]
        ascending = numbers == sorted(set(numbers)) and all(first < number <= last for number in numbers)
        return first <= last <= head and ascending and (last > first or last == head)
    return False


class Mirror:
    """The table "What the reader does with a message", line by line."""

    def __init__(self) -> None:
        self.journal_id: str | None = None
        self.seq = 0
        self.newest = 0
        self.entries: dict[tuple[str, str], list[int]] = {}

    def merge(self, entries: list[list[Any]]) -> None:
        for _, kind, digest, *numbers in entries:
            known = self.entries.get((kind, digest), numbers)
            self.entries[kind, digest] = [max(pair) for pair in zip(known, numbers, strict=True)]

    def take(self, message: dict[str, Any]) -> tuple[str, bool]:
        same = message["journal_id"] == self.journal_id
        if message["type"] == "snapshot":
            newer = message["seq"] >= self.seq if same else self.journal_id is None or message["iat"] > self.newest
            if not newer:
                return "ignored", False
            self.journal_id, self.seq = message["journal_id"], message["seq"]
            self.entries = {key: numbers for key, numbers in self.entries.items() if key[0] == "key"}
            self.merge(message["entries"])
            outcome = "applied"
        elif not same or message["from"] > self.seq:
            return "snapshot_needed", False
        elif message["to"] <= self.seq:
            outcome = "ignored"
        else:
            self.merge([entry for entry in message["entries"] if entry[0] > self.seq])
            self.seq = message["to"]
            outcome = "applied"
        self.newest = max(self.newest, message["iat"])
        return outcome, self.seq == message.get("head", message.get("seq"))

    def take_pages(self, pages: list[dict[str, Any]]) -> str:
        """The section "Pages", line by line."""
        ends = [page["to"] for page in pages]
        chained = all(page["from"] == end for page, end in zip(pages[1:], ends[:-1], strict=True))
        whole = chained and ends[-1] == pages[-1]["head"] and len({page["journal_id"] for page in pages}) == 1
        if not whole or any(page["type"] != "page" or not message_fits(page, VECTORS["now"]) for page in pages):
            return "refused"
        entries = [entry for page in pages for entry in page["entries"]]
        if pages[0]["from"] == 0:
            return self.take({**pages[0], "type": "snapshot", "seq": ends[-1], "entries": entries})[0]
        if pages[0]["journal_id"] != self.journal_id or pages[0]["from"] > self.seq:
            return "snapshot_needed"
        if ends[-1] < self.seq:
            return "ignored"
        self.merge(entries)
        self.seq = ends[-1]
        return "applied"

    def told(self) -> dict[str, Any] | None:
        if self.journal_id is None:
            return None
        entries = sorted([*key, *numbers] for key, numbers in self.entries.items())
        return {"journal_id": self.journal_id, "seq": self.seq, "entries": entries}


def verdict_of(case: dict[str, Any]) -> str:
    claims = case["claims"]
    epochs = claims.get("ww_epoch", [0, 0, 0])
    ancestors, actors = claims.get("ancestor_gids", []), claims.get("ww_actors", [])
    texts = [claims.get(name, "") for name in ("jti", "gid", "sid", "sub", "client_id")]
    if (
        len(epochs) != 3
        or not all(is_count(epoch, 0) for epoch in epochs)
        or not all(isinstance(text, str) for text in texts)
        or not isinstance(ancestors, list)
        or max(len(ancestors), len(actors)) > 4
        or not all(isinstance(pair, list) and len(pair) == 2 for pair in actors)
    ):
        return "malformed"
    plain = {("key", case["header"]["kid"]), ("token", claims.get("jti")), ("session", claims.get("sid"))}
    plain |= {("grant", gid) for gid in (claims.get("gid"), *ancestors)}
    epoch_of = [("subject", claims.get("sub"), epochs[0]), ("client", claims.get("client_id"), epochs[1])]
    epoch_of += [("all", "", epochs[2]), *(("client", name, epoch) for name, epoch in actors)]
    for row in case["withdrawn"]:
        kind, value = row["kind"], row["value"]
        if row["expires_at"] <= case["now"]:
            continue
        if (kind, value) in plain:
            return "refused"
        if any((kind, value) == (k, v) and epoch < row["epoch"] for k, v, epoch in epoch_of):
            return "refused"
    return "good"


@pytest.mark.parametrize("case", VECTORS["digests"])
def test_digests(case: dict[str, str]) -> None:
    arguments = case["kind"], case["issuer"], case["value"]
    assert digest_by_hand(*arguments) == case["digest"]
    assert journal_digest(*arguments) == case["digest"]


def test_digests_differ_by_kind_issuer_and_value() -> None:
    digests = [case["digest"] for case in VECTORS["digests"]]
    assert len(set(digests)) == len(digests)


@pytest.mark.parametrize("case", named("sequences"))
def test_sequences(case: dict[str, Any]) -> None:
    mirror = Mirror()
    for step in case["steps"]:
        assert message_fits(step["message"], VECTORS["now"])
        assert mirror.take(step["message"]) == (step["outcome"], step["news"])
        assert mirror.told() == step["mirror"]


@pytest.mark.parametrize("case", named("refused_messages"))
def test_refused_messages(case: dict[str, Any]) -> None:
    assert not message_fits(case["message"], VECTORS["now"])


@pytest.mark.parametrize("case", named("pages"))
def test_pages(case: dict[str, Any]) -> None:
    mirror = Mirror()
    for before in case["before"]:
        mirror.take(before)
    assert mirror.take_pages(case["pages"]) == case["outcome"]
    assert mirror.told() == case["mirror"]


@pytest.mark.parametrize("case", named("verdicts"))
def test_verdicts(case: dict[str, Any]) -> None:
    assert verdict_of(case) == case["verdict"]


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in VECTORS["signed"]["messages"]])
def test_signed_messages(case: dict[str, Any]) -> None:
    keys = KeySet.import_key_set(VECTORS["signed"]["jwks"])
    try:
        signed = jws.deserialize_compact(case["jws"], keys, algorithms=["ES256"])
    except (JoseError, ValueError):
        assert case["verdict"] == "refused"
        return
    good = signed.protected.get("typ") == "watchword-journal+jwt"
    assert ("good" if good else "refused") == case["verdict"]
    assert message_fits(json.loads(signed.payload), VECTORS["signed"]["now"])


def test_every_list_of_vectors_is_named_in_the_contract() -> None:
    lists = {name for name, value in VECTORS.items() if name not in {"about", "issuer", "now"}}
    assert set(re.findall(r"`([a-z_]+)`", " ".join(re.findall(r"\(vectors:\s([^)]*)\)", CONTRACT)))) == lists


def test_the_contract_tells_of_every_kind() -> None:
    for kind in KINDS:
        assert f"| `{kind}` |" in CONTRACT
