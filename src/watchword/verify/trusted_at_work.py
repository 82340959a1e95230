"""A trusted issuer with what has been read from it."""

from collections.abc import Iterator

from watchword.verify.key_source import GivenKeys, KeySource, PublishedKeys
from watchword.verify.ordinary_token import OrdinaryTokens
from watchword.verify.revocation.reader import JournalReader
from watchword.verify.settings import Expectations, VerifierSettings
from watchword.verify.status import IssuerStatus


class TrustedAtWork:
    """One trusted issuer: what is expected of its tokens, its keys, and what it has withdrawn."""

    __slots__ = ("expected", "journal", "keys", "read_ordinary")

    def __init__(self, expected: Expectations, keys: KeySource, journal: JournalReader | None) -> None:
        self.expected = expected
        self.keys = keys
        self.journal = journal
        self.read_ordinary = OrdinaryTokens(issuer=expected.issuer, audiences=expected.audiences).read

    def status(self, monotonic: float) -> IssuerStatus:
        """How it is doing."""
        revocation = None if self.journal is None else self.journal.status()
        return IssuerStatus(self.expected.issuer, self.keys.status(monotonic), revocation)


def at_work(settings: VerifierSettings) -> Iterator[TrustedAtWork]:
    """Each of the trusted issuers."""
    for issuer in settings.issuers:
        keys: KeySource = (
            PublishedKeys(issuer.address, algorithms=issuer.expected.algorithms, clock=settings.clock)
            if issuer.keys is None
            else GivenKeys(issuer.keys)
        )
        journal = (
            None
            if issuer.revocation is None
            else JournalReader(issuer.revocation, clock=settings.clock, keys_withdrawn=keys.hurry)
        )
        yield TrustedAtWork(issuer.expected, keys, journal)
