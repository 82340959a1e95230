"""The key that signs in a stolen one's place is looked for at once (THREATS R36; docs/keys.md, "A key was stolen")."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.verify.revocation.fake_writer import CREDENTIALS, JSON, Answer, FakeWriter
from tests.verify.tokens import API, access_token

from watchword.clock import SettableClock
from watchword.jose import Key, KeySet
from watchword.verify import Verifier
from watchword.verify.errors import InvalidTokenError


class Publishing:
    """An issuer whose keys change as its operator withdraws them."""

    def __init__(self, writer: FakeWriter, clock: SettableClock) -> None:
        self.writer, self.clock = writer, clock
        self.signs = Key.generate("ES256", kid="first")
        writer.answer = self._answer

    def steal(self, successor: str) -> None:
        self.writer.withdraw("key", self.signs.kid)
        self.signs = Key.generate("ES256", kid=successor)

    def token(self) -> str:
        now = int(self.clock.now())
        return access_token(self.signs, iss=self.writer.url, iat=now, exp=now + 3600)

    def _answer(self, path: str) -> Answer | None:
        if path != "/jwks":
            return None
        document: dict[str, Any] = KeySet([self.signs.public()]).to_dict()
        return 200, JSON, json.dumps(document).encode()


@pytest.fixture
def issuer(writer: FakeWriter, clock: SettableClock) -> Publishing:
    return Publishing(writer, clock)


@pytest.fixture
def verifier(issuer: Publishing, writer: FakeWriter, clock: SettableClock) -> Iterator[Verifier]:
    verifier = Verifier(
        issuer=writer.url,
        audience=API,
        jwks_url=writer.url + "/jwks",
        revocation="poll",
        credentials=CREDENTIALS,
        clock=clock,
        danger_allow_http=True,
    )
    verifier.verify(issuer.token())
    yield verifier
    verifier.close()


def journal_of(verifier: Verifier) -> Any:
    return verifier._verification.issuers[0].journal


def test_r36_two_thefts_within_seconds_refuse_no_good_token(
    verifier: Verifier, issuer: Publishing, clock: SettableClock
) -> None:
    for successor in ("second", "third", "fourth"):
        stolen = issuer.token()
        issuer.steal(successor)
        journal_of(verifier).refresh()
        verifier.verify(issuer.token())
        with pytest.raises(InvalidTokenError):
            verifier.verify(stolen)
        clock.advance(2)


def test_what_is_no_key_lets_nobody_ask_again(
    verifier: Verifier, issuer: Publishing, writer: FakeWriter, clock: SettableClock
) -> None:
    issuer.signs = Key.generate("ES256", kid="unannounced")
    clock.advance(2)
    writer.withdraw("grant", "g-1")
    journal_of(verifier).refresh()
    with pytest.raises(InvalidTokenError):
        verifier.verify(issuer.token())
    assert writer.count("/jwks") == 1
