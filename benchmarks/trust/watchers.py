"""Verifiers of the SDK, several to a process: each watches one token and tells when it was first refused."""

import json
import sys
import time
from typing import Any

from benchmarks.trust.children import answer_until_the_end, say

from watchword.fetch.exchange import ssl_context
from watchword.verify import VerificationError, Verifier
from watchword.verify.credentials import ResourceCredentials

LONGEST = 60.0  # seconds after which a token that is still taken counts as never refused
PAUSE = 0.001  # seconds between two questions to the same verifier


class Watchers:
    """The verifiers of one process, each with a mirror and a connection of its own."""

    def __init__(self, begin: dict[str, Any]) -> None:
        ssl_context().load_verify_locations(begin["authority"])
        self._verifiers = [
            Verifier(
                issuer=begin["issuer"],
                audience=begin["audience"],
                credentials=ResourceCredentials(*begin["credentials"]),
                revocation="push",
            )
            for _ in range(begin["verifiers"])
        ]

    def answer(self, question: dict[str, Any]) -> Any:
        """``connect``: how many are pushed to. ``take``: they all take a token. ``watch``: when each refused it."""
        token = question["token"]
        match question["ask"]:
            case "connect":
                return self._connect(token)
            case "take":
                return [self._refusal(verifier, token) for verifier in self._verifiers]
            case _:
                return self._watch(token)

    def _connect(self, token: str) -> int:
        deadline = time.monotonic() + LONGEST
        for verifier in self._verifiers:
            verifier.verify(token)
        while time.monotonic() < deadline:
            pushed = sum(self._is_pushed_to(verifier) for verifier in self._verifiers)
            if pushed == len(self._verifiers):
                break
            time.sleep(0.05)
        return pushed

    @staticmethod
    def _is_pushed_to(verifier: Verifier) -> bool:
        return all(one.revocation is not None and one.revocation.mode == "push" for one in verifier.status().issuers)

    @staticmethod
    def _refusal(verifier: Verifier, token: str) -> str | None:
        try:
            verifier.verify(token)
        except VerificationError as error:
            return error.code
        return None

    def _watch(self, token: str) -> list[float | None]:
        deadline = time.monotonic() + LONGEST
        refused: dict[int, float] = {}
        while len(refused) < len(self._verifiers) and time.monotonic() < deadline:
            for number, verifier in enumerate(self._verifiers):
                if number not in refused and self._refusal(verifier, token) is not None:
                    refused[number] = time.monotonic()
            time.sleep(PAUSE)
        return [refused.get(number) for number in range(len(self._verifiers))]


if __name__ == "__main__":
    watchers = Watchers(json.loads(sys.stdin.readline()))
    say("ready")
    answer_until_the_end(watchers.answer)
