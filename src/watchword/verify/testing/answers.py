"""What a fake issuer publishes: metadata, keys, withdrawals. Answered inside the process."""

import json
from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from watchword.fetch import InProcessAnswer, InProcessRequest
from watchword.jose.jwk import Key
from watchword.jose.jwk_set import KeySet
from watchword.oauth.metadata import openid_configuration_url, watchword_configuration_url
from watchword.verify.testing.journal import MESSAGE_TYPE, Journal

Fault = Literal["unreachable", "error", "empty", "nonsense", "foreign"]
_JSON = "application/json"
_BELOW = "/fake-issuer"  # no path of a real application


class Answers:
    """Answers requests for one issuer, under whatever name it was asked.

    Args:
        issuer: its own name.
        journal: what it has withdrawn.
        now: tells the time, UTC epoch seconds.
        has_feed: whether it tells of withdrawals at all.
    """

    def __init__(self, issuer: str, journal: Journal, now: Callable[[], float], *, has_feed: bool) -> None:
        self.keys: list[Key] = []
        self.fault: Fault | None = None
        self.requests: list[str] = []
        self._issuer = issuer
        self._journal = journal
        self._now = now
        self._has_feed = has_feed
        self._base = "{0.scheme}://{0.netloc}".format(urlsplit(issuer)) + _BELOW
        self.jwks_paths = {_BELOW + "/jwks"}

    def answer(self, request: InProcessRequest) -> InProcessAnswer:
        """The answer to one request.

        Raises:
            OSError: it is not to be reached.
        """
        self.requests.append(request.url)
        if self.fault == "unreachable":
            raise ConnectionRefusedError("the fake issuer is broken")
        if self.fault == "error":
            return InProcessAnswer(500, {"content-type": _JSON}, b"{}")
        if self.fault == "nonsense":
            return InProcessAnswer(200, {"content-type": _JSON}, b"<html>")
        return self._published(request)

    def _published(self, request: InProcessRequest) -> InProcessAnswer:
        path = request.path
        if path in self.jwks_paths:
            return _json(self._key_set())
        if path == urlsplit(openid_configuration_url(self._issuer)).path:
            return _json({"issuer": self._issuer, "jwks_uri": f"{self._base}/jwks"})
        if path == urlsplit(watchword_configuration_url(self._issuer)).path and self._has_feed:
            return _json(self._configuration())
        if path == _BELOW + "/feed-keys":
            return _json(KeySet([self._journal.key.public()]).to_dict())
        if path == _BELOW + "/snapshot":
            return _message(self._journal.snapshot(now=self._now()))
        if path == _BELOW + "/poll":
            batch = self._journal.batch(dict(parse_qsl(request.query)), now=self._now())
            return _json({"error": "snapshot_required"}, status=410) if batch is None else _message(batch)
        return _json({"error": "not_found"}, status=404)

    def _key_set(self) -> dict[str, Any]:
        if self.fault == "empty":
            return {"keys": []}
        keys = [Key.generate(key.alg).public() for key in self.keys] if self.fault == "foreign" else self.keys
        return KeySet(keys).to_dict()

    def _configuration(self) -> dict[str, Any]:
        feed = {
            "version": 1,
            "jwks_uri": f"{self._base}/feed-keys",
            "snapshot_uri": f"{self._base}/snapshot",
            "poll_uri": f"{self._base}/poll",
            "heartbeat": 5,
            "stale_after": 30,
        }
        return {"issuer": self._issuer, "revocation": feed}


def _json(document: dict[str, Any], *, status: int = 200) -> InProcessAnswer:
    return InProcessAnswer(status, {"content-type": _JSON}, json.dumps(document).encode())


def _message(text: str) -> InProcessAnswer:
    return InProcessAnswer(200, {"content-type": "application/" + MESSAGE_TYPE}, text.encode("ascii"))
