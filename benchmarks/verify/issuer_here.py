"""An issuer reduced to what a verifier fetches from it, answering inside this process: metadata, keys, and the feed of
withdrawn tokens as ``docs/protocol/revocation.md`` describes it.
"""

import hashlib
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.verify.material import AUDIENCE, ISSUER, TYP, WITHDRAWABLE, Material, claims

from watchword.fetch import InProcessAnswer, InProcessRequest, danger_answer_in_process
from watchword.jose import Key, KeySet, jwt
from watchword.verify import VerificationError, Verifier
from watchword.verify.verification import alive

ENTRIES = 700  # so many that no kind's table is empty
_JOURNAL_ID = "4f0c0d8a5be1f1c2a0b1c2d3e4f50617"
_EPOCH_KINDS = ("subject", "client", "all")
_KINDS = ("token", "grant", "session", "key", "subject", "client")


class IssuerHere:
    """What stands at the issuer's origin. Its journal holds `ENTRIES` strangers' entries, and one for ``withdrawn``."""

    def __init__(self, material: Material) -> None:
        self._keys = KeySet([material.key])
        self._feed_key = Key.generate("ES256")
        self.withdrawn = jwt.encode(claims(0xFFFFFFFF, also=WITHDRAWABLE), material.key, typ=TYP)
        self._entries = list(_entries(claims(0xFFFFFFFF)["jti"]))
        self.snapshots = 0

    @contextmanager
    def answering(self) -> Iterator[None]:
        """While it stands there; verifiers end what they have running when it goes."""
        with danger_answer_in_process(ISSUER, self._answer):
            yield
            for verification in alive():
                verification.forget()

    def is_obeyed(self, verifier: Verifier) -> bool:
        """Whether ``verifier`` refuses the withdrawn token: its journal is live."""
        try:
            verifier.verify(self.withdrawn)
        except VerificationError:
            return self.snapshots > 0
        return False

    def _answer(self, request: InProcessRequest) -> InProcessAnswer:
        documents: dict[str, Any] = {
            "/.well-known/openid-configuration": {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks"},
            "/jwks": self._keys.to_dict(),
            "/.well-known/watchword-configuration": {
                "issuer": ISSUER,
                "revocation": {
                    "version": 1,
                    "jwks_uri": f"{ISSUER}/revocation/jwks",
                    "snapshot_uri": f"{ISSUER}/revocation/snapshot",
                    "poll_uri": f"{ISSUER}/revocation/poll",
                    "events_credentials": "resource_server",
                    "heartbeat": 5,
                    "stale_after": 30,
                },
            },
            "/revocation/jwks": KeySet([self._feed_key]).to_dict(),
        }
        if request.path in documents:
            headers = {"content-type": "application/json", "cache-control": "max-age=300"}
            return InProcessAnswer(200, headers, json.dumps(documents[request.path]).encode())
        head = len(self._entries)
        if request.path == "/revocation/snapshot":
            self.snapshots += 1
            return self._message(type="snapshot", seq=head, entries=self._entries)
        if request.path == "/revocation/poll":
            return self._message(**{"type": "batch", "from": head, "to": head, "head": head, "entries": []})
        return InProcessAnswer(404, {})

    def _message(self, **members: Any) -> InProcessAnswer:
        now = int(time.time())
        told = {"iss": ISSUER, "iat": now, "exp": now + 60, "ver": 1, "journal_id": _JOURNAL_ID, **members}
        body = jwt.encode(told, self._feed_key, typ="watchword-journal+jwt").encode()
        headers = {"content-type": "application/watchword-journal+jwt", "cache-control": "public, max-age=1"}
        return InProcessAnswer(200, headers, body)


def verifier(**options: Any) -> Verifier:
    """As a service makes it, when the issuer publishes keys and a feed."""
    return Verifier(issuer=ISSUER, audience=AUDIENCE, **options)


def _entries(withdrawn: str) -> Iterator[list[Any]]:
    until = int(time.time()) + 86_400
    for seq in range(1, ENTRIES + 1):
        kind = _KINDS[seq % len(_KINDS)]
        epoch = [1] if kind in _EPOCH_KINDS else []
        yield [seq, kind, _digest(kind, f"stranger {seq}"), until, *epoch]
    yield [ENTRIES + 1, "all", _digest("all", ""), until, 1]
    yield [ENTRIES + 2, "token", _digest("token", withdrawn), until]


def _digest(kind: str, value: str) -> str:
    octets = hashlib.sha256(f"{kind}\0{ISSUER}\0{value}".encode()).digest()[:16]
    return urlsafe_b64encode(octets).rstrip(b"=").decode()
