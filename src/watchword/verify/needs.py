"""What a verification may have to wait for. A driver meets it, blocking or on an event loop."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from anyio import to_thread

from watchword.verify.introspection import Introspector
from watchword.verify.key_source import KeySource
from watchword.verify.revocation.reader import JournalReader
from watchword.verify.status_list.reader import StatusListReader


class Need(Protocol):
    """Something that has to be fetched before a verification can go on."""

    def meet(self) -> Any:
        """Fetch it, blocking."""
        ...

    async def ameet(self) -> Any:
        """Fetch it on an event loop."""
        ...


class KeysNeeded:
    """The key called ``kid`` is not at hand, or its set is due."""

    __slots__ = ("_kid", "_source")

    def __init__(self, source: KeySource, kid: str | None) -> None:
        self._source = source
        self._kid = kid

    def meet(self) -> Any:
        return self._source.find(self._kid)

    async def ameet(self) -> Any:
        return await self._source.afind(self._kid)


class LookNeeded:
    """It is time to look into the journal of withdrawals."""

    __slots__ = ("_journal",)

    def __init__(self, journal: JournalReader) -> None:
        self._journal = journal

    def meet(self) -> None:
        self._journal.look()

    async def ameet(self) -> None:
        await self._journal.alook()


class StatusNeeded:
    """A token's status has to be looked up in its list."""

    __slots__ = ("_claims", "_lists")

    def __init__(self, lists: StatusListReader, claims: Mapping[str, Any]) -> None:
        self._lists = lists
        self._claims = claims

    def meet(self) -> None:
        self._lists.check(self._claims)

    async def ameet(self) -> None:
        await self._lists.acheck(self._claims)


class AnswerNeeded:
    """The issuer has to be asked about an opaque token."""

    __slots__ = ("_introspector", "_token")

    def __init__(self, introspector: Introspector, token: str) -> None:
        self._introspector = introspector
        self._token = token

    def meet(self) -> Any:
        return self._introspector.introspect(self._token)

    async def ameet(self) -> Any:
        return await self._introspector.aintrospect(self._token)


class ProofNeeded:
    """A proof has to be compared with what other processes have seen."""

    __slots__ = ("_check",)

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check

    def meet(self) -> None:
        self._check()

    async def ameet(self) -> None:
        await to_thread.run_sync(self._check)
