"""Under a known header, remembered or not, a token is refused by whatever withdraws it (THREATS R40)."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.verify.revocation.fake_writer import CREDENTIALS, FakeWriter
from tests.verify.revocation.readers import until
from tests.verify.tokens import API, access_token

from watchword.clock import SettableClock
from watchword.jose import KeySet
from watchword.verify import Verifier
from watchword.verify.errors import TokenRevokedError
from watchword.verify.revocation.reader import JournalReader


@pytest.fixture(params=[False, True], ids=["not remembered", "remembered"])
def verifier(request: pytest.FixtureRequest, writer: FakeWriter, clock: SettableClock) -> Iterator[Verifier]:
    verifier = Verifier(
        issuer=writer.url,
        audience=API,
        keys=KeySet([writer.token_key.public()]),
        revocation="push",
        credentials=CREDENTIALS,
        clock=clock,
        cache=request.param,
    )
    verifier.verify(token_of(writer, clock))
    writer.wait_until(lambda: writer.connected == 1)
    until(lambda: verifier._verification.attempt(token_of(writer, clock)) is not None)
    yield verifier
    journal_of(verifier).close()


def token_of(writer: FakeWriter, clock: SettableClock, jti: str = "token-1", *, early: bool = False) -> str:
    now = int(clock.now())
    further: dict[str, Any] = {"nbf": now} if early else {}  # which no ordinary token has
    return access_token(
        writer.token_key, iss=writer.url, iat=now, exp=now + 99, gid="g-1", sid="s-1", jti=jti, **further
    )


def journal_of(verifier: Verifier) -> JournalReader:
    journal = verifier._verification.issuers[0].journal
    assert journal is not None
    return journal


@pytest.mark.parametrize("kind", ["token", "grant", "session", "key", "subject", "client"])
def test_r40_whatever_withdraws_a_token_is_looked_at(
    verifier: Verifier, writer: FakeWriter, clock: SettableClock, kind: str
) -> None:
    values = {"token": "token-1", "grant": "g-1", "session": "s-1", "subject": "user-1", "client": "client-1"}
    same = [token_of(writer, clock), token_of(writer, clock, early=True)]
    others = [token_of(writer, clock, "token-2"), token_of(writer, clock, "token-2", early=True)]
    for token in same + others:
        assert verifier._verification.attempt(token) is not None
    generation = journal_of(verifier).generation
    writer.withdraw(kind, values.get(kind, writer.token_key.kid))
    until(lambda: journal_of(verifier).generation > generation)
    refused = same if kind == "token" else [*same, *others, token_of(writer, clock, "token-3")]
    for token in refused * 2:
        with pytest.raises(TokenRevokedError):
            verifier.verify(token)
    if kind == "token":
        for token in others:
            verifier.verify(token)
