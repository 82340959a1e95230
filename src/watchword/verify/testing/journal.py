"""The withdrawals of a fake issuer, written as docs/protocol/revocation.md wants them read."""

import secrets
from collections.abc import Mapping
from typing import Any

from watchword.jose.jwk import Key
from watchword.jose.jwt import encode
from watchword.oauth.revocation import (
    EPOCH_KINDS,
    MESSAGE_LIFETIME,
    MESSAGE_TYPE,
    PROTOCOL_VERSION,
    ROW_LEEWAY,
    journal_digest,
)

LONGEST_TOKEN = 365 * 24 * 3600  # seconds; no token of a test lives longer


class Journal:
    """What has been withdrawn, and the signed messages that say so."""

    def __init__(self, issuer: str) -> None:
        self.key = Key.generate("ES256")
        self._issuer = issuer
        self._id = "journal-of-a-test-" + secrets.token_hex(4)  # another one after `FakeIssuer.reset`
        self._entries: list[list[Any]] = []
        self._epochs: dict[tuple[str, str], int] = {}

    def epoch(self, kind: str, value: str) -> int:
        """The epoch in force."""
        return self._epochs.get((kind, value), 0)

    def withdraw(self, kind: str, value: str, *, now: float) -> None:
        """Write one entry.

        Args:
            kind: see docs/protocol/revocation.md.
            value: what is withdrawn.
            now: UTC epoch seconds.
        """
        entry: list[Any] = [len(self._entries) + 1, kind, journal_digest(kind, self._issuer, value)]
        entry.append(int(now) + LONGEST_TOKEN + ROW_LEEWAY)
        if kind in EPOCH_KINDS:
            self._epochs[kind, value] = max(self.epoch(kind, value) + 1, int(now))
            entry.append(self._epochs[kind, value])
        self._entries.append(entry)

    def snapshot(self, *, now: float) -> str:
        """The whole journal."""
        return self._signed({"type": "snapshot", "seq": len(self._entries), "entries": self._entries}, now=now)

    def batch(self, asked: Mapping[str, str], *, now: float) -> str | None:
        """What came after the number that was ``asked`` for; None if a snapshot is needed."""
        head = len(self._entries)
        after = asked.get("after", "")
        if asked.get("journal_id") != self._id or not after.isdigit() or int(after) > head:
            return None
        entries = self._entries[int(after) :]
        return self._signed(
            {"type": "batch", "from": int(after), "to": head, "head": head, "entries": entries}, now=now
        )

    def _signed(self, claims: dict[str, Any], *, now: float) -> str:
        begun = {"iss": self._issuer, "iat": int(now), "exp": int(now) + MESSAGE_LIFETIME}
        return encode({**begun, "ver": PROTOCOL_VERSION, "journal_id": self._id, **claims}, self.key, typ=MESSAGE_TYPE)
