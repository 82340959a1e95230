"""What a fake issuer publishes: metadata, keys, withdrawals, and what it says of opaque tokens."""

import json
import secrets
from collections.abc import Callable
from typing import Any, Literal, get_args
from urllib.parse import parse_qsl, urlsplit

from watchword.errors import WatchwordError
from watchword.fetch import InProcessAnswer, InProcessRequest
from watchword.jose.jwk import Key
from watchword.jose.jwk_set import KeySet
from watchword.oauth.metadata import openid_configuration_url, watchword_configuration_url
from watchword.oauth.revocation import MESSAGE_MEDIA_TYPE
from watchword.verify.testing.part import Part

Fault = Literal["unreachable", "error", "empty", "nonsense", "foreign"]
FAULTS = get_args(Fault)
_JSON = "application/json"


class Answers:
    """Answers requests for one issuer, under whatever name it was asked.

    Args:
        part: which issuer it is, as soon as that is known.
        now: tells the time, UTC epoch seconds.
    """

    def __init__(self, part: Callable[[], Part], now: Callable[[], float]) -> None:
        self.fault: Fault | None = None
        self.requests: list[str] = []
        self.jwks_paths: frozenset[str] = frozenset()
        self._part = part
        self._now = now
        # No path of a real application, and no path of another fake issuer under the same origin.
        self._below = "/fake-issuer/" + secrets.token_hex(4)

    def __call__(self, request: InProcessRequest) -> InProcessAnswer | None:
        """The answer to one request; None if it is not for this issuer.

        Raises:
            OSError: it is not to be reached.
        """
        try:
            part = self._part()
        except WatchwordError as error:
            raise ConnectionRefusedError(error.sentence) from error
        answer = self._answer(part, request)
        if answer is None:
            return None
        self.requests.append(request.url)
        if self.fault == "unreachable":
            raise ConnectionRefusedError("the fake issuer is broken")
        if self.fault == "error":
            return _json({}, status=500)
        if self.fault == "nonsense":
            return InProcessAnswer(200, {"content-type": _JSON}, b"<html>")
        return answer

    def _answer(self, part: Part, request: InProcessRequest) -> InProcessAnswer | None:
        path = request.path
        if path in self.jwks_paths or path == self._below + "/jwks":
            return _json(self._key_set(part))
        if path == urlsplit(openid_configuration_url(part.issuer)).path:
            return _json(self._metadata(part))
        if path == urlsplit(watchword_configuration_url(part.issuer)).path:
            return _json(self._feed(part)) if part.has_feed else _json({"error": "not_found"}, status=404)
        if path == self._below + "/introspect":
            return self._introspect(part, request)
        if path == self._below + "/feed-keys":
            return _json(KeySet([part.journal.key.public()]).to_dict())
        if path == self._below + "/snapshot":
            return _message(part.journal.snapshot(now=self._now()))
        if path == self._below + "/poll":
            batch = part.journal.batch(dict(parse_qsl(request.query)), now=self._now())
            return _json({"error": "snapshot_required"}, status=410) if batch is None else _message(batch)
        return None

    def _key_set(self, part: Part) -> dict[str, Any]:
        if self.fault == "empty":
            return {"keys": []}
        if self.fault == "foreign":
            return KeySet([Key.generate(part.alg).public()]).to_dict()
        return KeySet(part.published).to_dict()

    def _metadata(self, part: Part) -> dict[str, Any]:
        base = self._base(part)
        return {"issuer": part.issuer, "jwks_uri": f"{base}/jwks", "introspection_endpoint": f"{base}/introspect"}

    def _introspect(self, part: Part, request: InProcessRequest) -> InProcessAnswer:
        if request.method != "POST" or not request.headers.get("authorization", "").startswith("Basic "):
            return _json({"error": "invalid_client"}, status=401)
        token = dict(parse_qsl(request.body.decode())).get("token", "")
        claims = part.opaque.get(token)
        if claims is None or claims.get("exp", 0) <= self._now():
            return _json({"active": False})
        return _json({"active": True, **claims})

    def _feed(self, part: Part) -> dict[str, Any]:
        base = self._base(part)
        feed = {
            "version": 1,
            "jwks_uri": f"{base}/feed-keys",
            "snapshot_uri": f"{base}/snapshot",
            "poll_uri": f"{base}/poll",
            "heartbeat": 5,
            "stale_after": 30,
        }
        return {"issuer": part.issuer, "revocation": feed}

    def _base(self, part: Part) -> str:
        return "{0.scheme}://{0.netloc}".format(urlsplit(part.issuer)) + self._below


def _json(document: dict[str, Any], *, status: int = 200) -> InProcessAnswer:
    return InProcessAnswer(status, {"content-type": _JSON}, json.dumps(document).encode())


def _message(text: str) -> InProcessAnswer:
    return InProcessAnswer(200, {"content-type": MESSAGE_MEDIA_TYPE}, text.encode("ascii"))
