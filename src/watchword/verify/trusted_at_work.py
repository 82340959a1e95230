"""A trusted issuer with what has been read from it."""

from collections.abc import Iterator

from watchword.verify.key_source import GivenKeys, KeySource, PublishedKeys
from watchword.verify.ordinary_token import OrdinaryTokens
from watchword.verify.revocation.reader import JournalReader
from watchword.verify.settings import Expectations, VerifierSettings
from watchword.verify.status import IssuerStatus
from watchword.verify.status_list.reader import StatusListReader


class TrustedAtWork:
    """One trusted issuer: what is expected of its tokens, its keys, what it has withdrawn, and its status lists."""

    __slots__ = ("expected", "journal", "keys", "read_ordinary", "status_lists")

    def __init__(
        self,
        expected: Expectations,
        keys: KeySource,
        journal: JournalReader | None,
        status_lists: StatusListReader | None = None,
    ) -> None:
        self.expected = expected
        self.keys = keys
        self.journal = journal
        self.status_lists = status_lists
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
        lists = None
        if issuer.status_lists is not None:
            lists = StatusListReader(issuer.status_lists, keys, clock=settings.clock)
        yield TrustedAtWork(issuer.expected, keys, journal, lists)
