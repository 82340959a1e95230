"""Readers under test, and the tokens they are asked about."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Protocol

from tests.verify.revocation.fake_writer import PATIENCE

from watchword.clock import Clock
from watchword.verify.errors import RevocationsStaleError, TokenRevokedError
from watchword.verify.revocation.keeping import Keeping
from watchword.verify.revocation.marks import TokenMarks
from watchword.verify.revocation.pace import Intervals
from watchword.verify.revocation.reader import JournalReader
from watchword.verify.revocation.settings import RevocationSettings

BRISK = replace(Intervals(), first_reconnect=0.001, last_reconnect=0.001)


class Writer(Protocol):
    """What a reader under test reads: the fake writer, or the issuer itself."""

    @property
    def clock(self) -> Clock: ...

    @property
    def issuer(self) -> str: ...

    def settings(self, **options: Any) -> RevocationSettings: ...


class WatchedReader(JournalReader):
    """Says when a message was taken, so that nobody needs to guess how long that lasts."""

    taken: threading.Condition

    def _after_message(self, run: Keeping, applied: bool) -> None:
        super()._after_message(run, applied)
        with self.taken:
            self.taken.notify_all()

    def wait_until(self, condition: Callable[[], bool]) -> None:
        with self.taken:
            assert self.taken.wait_for(condition, PATIENCE)

    def knows(self, seq: int) -> None:
        """Wait until the mirror stands there."""
        self.wait_until(lambda: self.status().seq == seq and self.status().age is not None)

    @property
    def run(self) -> Keeping:
        assert self._run is not None
        return self._run

    def wake(self) -> None:
        """Let the thread that polls look at the clock again."""
        self.run.wake.set()

    def rests(self) -> None:
        """Wait until no exchange is due."""
        until(lambda: self.run.mirroring.due_at() > self._clock.monotonic())


@contextmanager
def reading(writer: Writer, *, intervals: Intervals = BRISK, **settings: Any) -> Iterator[WatchedReader]:
    """A reader of ``writer``'s feed; on demand unless told otherwise, so that nothing happens unasked."""
    reader = WatchedReader(writer.settings(**{"mode": "on_demand"} | settings), clock=writer.clock, intervals=intervals)
    reader.taken = threading.Condition()
    try:
        yield reader
    finally:
        reader.close()


def until(condition: Callable[[], bool]) -> None:
    """Until another thread made it true: for what nobody tells of."""
    for _ in range(int(PATIENCE / 0.001)):
        if condition():
            return
        threading.Event().wait(0.001)
    raise AssertionError("it did not come true")


def marks(writer: Writer, *, kid: str = "k-1", **claims: Any) -> TokenMarks:
    usual = {"jti": "t-1", "gid": "g-1", "sid": "s-1", "sub": "u-1", "client_id": "c-1", "ww_epoch": [5, 5, 5]}
    return TokenMarks.of(usual | claims, kid=kid, issuer=writer.issuer)


def verdict(reader: JournalReader, token: TokenMarks) -> str:
    """What a verifier would make of it: ``good``, ``stale``, or by what it was withdrawn."""
    try:
        reader.look()
        reader.check(token)
    except RevocationsStaleError:
        return "stale"
    except TokenRevokedError as error:
        return error.kind
    return "good"
