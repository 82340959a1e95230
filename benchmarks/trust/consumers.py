"""A verifier of one library at work: it takes tokens as they are issued, verifies them and older ones at a steady rate,
and keeps whatever it was refused. Keys come from the issuer's JWKS, each library's own way.
"""

import json
import random
import ssl
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.trust.children import say
from benchmarks.trust.withdrawals import part

MARGIN = 5.0  # seconds before its end in which a token is not verified any more: a busy machine may pause for long
MADE_UP = 5.0  # seconds of verifications that are made up for after a pause
PAUSE = 0.005  # seconds between two questions while it is awaited that a token is refused
Verify = Callable[[str], Any]


def watchword(begin: dict[str, Any]) -> Verify:
    """Ours, connected to the feed, without its cache of verified tokens: each verification is one."""
    from watchword.fetch.exchange import ssl_context  # noqa: PLC0415  each process loads its own library only
    from watchword.verify import Verifier  # noqa: PLC0415
    from watchword.verify.credentials import ResourceCredentials  # noqa: PLC0415

    ssl_context().load_verify_locations(begin["authority"])
    verifier = Verifier(
        issuer=begin["issuer"],
        audience=begin["audience"],
        credentials=ResourceCredentials(*begin["credentials"]),
        revocation="push",
        cache=False,
    )
    return verifier.verify


def pyjwt(begin: dict[str, Any]) -> Verify:
    """PyJWT with its own `PyJWKClient`, as its documentation has it."""
    import jwt  # noqa: PLC0415

    client = jwt.PyJWKClient(begin["jwks_uri"], ssl_context=ssl.create_default_context(cafile=begin["authority"]))

    def verify(token: str) -> Any:
        key = client.get_signing_key_from_jwt(token)
        return jwt.decode(token, key, algorithms=["ES256"], audience=begin["audience"], issuer=begin["issuer"])

    return verify


def joserfc(begin: dict[str, Any]) -> Verify:
    """Joserfc, which fetches nothing: its keys come by urllib, again when the answer's max-age has passed."""
    from joserfc import jwt  # noqa: PLC0415
    from joserfc.jwk import KeySet  # noqa: PLC0415

    tls = ssl.create_default_context(cafile=begin["authority"])
    claims = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": begin["issuer"]},
        aud={"essential": True, "value": begin["audience"]},
        exp={"essential": True},
    )
    kept: list[tuple[float, KeySet]] = []

    def keys() -> KeySet:
        if not kept or time.monotonic() >= kept[0][0]:
            with urllib.request.urlopen(begin["jwks_uri"], timeout=10, context=tls) as answer:
                age = int(answer.headers["cache-control"].partition("max-age=")[2].partition(",")[0])
                kept[:] = [(time.monotonic() + age, KeySet.import_key_set(json.load(answer)))]
        return kept[0][1]

    def verify(token: str) -> Any:
        decoded = jwt.decode(token, keys(), algorithms=["ES256"])
        claims.validate(decoded.claims)
        return decoded

    return verify


LIBRARIES: dict[str, Callable[[dict[str, Any]], Verify]] = {"watchword": watchword, "PyJWT": pyjwt, "joserfc": joserfc}


@dataclass(slots=True)
class Consumer:
    """The verifier, the tokens that it has, and what became of them."""

    verify: Verify
    rate: float
    tokens: list[tuple[float, str]] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    verified: int = 0
    failures: list[str] = field(default_factory=list)
    working: bool = True

    def work(self) -> None:
        """Verify at the steady rate: what is new first, then any of what is still good."""
        due = time.monotonic()
        while self.working:
            token = self._next()
            if token is not None:
                self._try(token)
            due = max(due + 1 / self.rate, time.monotonic() - MADE_UP)
            time.sleep(max(due - time.monotonic(), 0.0))

    def _next(self) -> str | None:
        if self.fresh:
            token = self.fresh.pop(0)
            self.tokens.append((part(token)["exp"], token))
            return token
        self.tokens = [kept for kept in self.tokens if kept[0] > time.time() + MARGIN]
        return random.choice(self.tokens)[1] if self.tokens else None

    def _try(self, token: str) -> None:
        try:
            self.verify(token)
            self.verified += 1
        except Exception as error:  # noqa: BLE001  whatever the library calls it
            self.failures.append(f"{part(token, 0)['kid'][:8]}: {type(error).__name__}: {error}")

    def refused_at(self, token: str, seconds: float) -> float | None:
        """The moment at which ``token`` is refused, by the monotonic clock; None: not within so many seconds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                self.verify(token)
            except Exception:  # noqa: BLE001  that is what is awaited
                return time.monotonic()
            time.sleep(PAUSE)
        return None


def main() -> None:
    """Tokens come unanswered; ``told`` and ``watch`` are answered."""
    begin = json.loads(sys.stdin.readline())
    consumer = Consumer(LIBRARIES[begin["library"]](begin), begin["rate"])
    threading.Thread(target=consumer.work, daemon=True).start()
    say("ready")
    for line in sys.stdin:
        question = json.loads(line)
        if question["ask"] == "token":
            consumer.fresh.append(question["token"])
        elif question["ask"] == "told":
            say({"verified": consumer.verified, "failures": consumer.failures})
        else:
            consumer.working = False
            say(consumer.refused_at(question["token"], question["seconds"]))


if __name__ == "__main__":
    main()
