"""A witness: looks whether the database is the one it knew, and remembers how far it has come."""

import asyncio
from functools import partial

from watchword.store.engine import Store
from watchword.store.errors import RestoredError
from watchword.store.position import Judgement, Remembered, later
from watchword.store.repositories import witnesses
from watchword.store.witness_file import WitnessFile


class Witness:
    """One witness on one file, which processes of the same machine may share.

    The row in the database is moved first and the file after it: a crash between the two leaves a file that is behind,
    which accuses nobody.

    Args:
        store: the database.
        file: where it remembers.
    """

    def __init__(self, store: Store, file: WitnessFile) -> None:
        self._store = store
        self._file = file
        self._known: Remembered | None = None

    async def look(self) -> Judgement:
        """Compare, and change nothing.

        Raises:
            WitnessError: the file cannot be read or believed.
            StoreUnavailableError: the database does not answer.
        """
        remembered = await self._remembered()
        if remembered is None:
            return Judgement("ours")
        return await self._store.read(partial(witnesses.look, remembered=remembered))

    async def bear(self, *, now: float) -> None:
        """Compare, join if it is new, and remember how far the database has come.

        Raises:
            RestoredError: the database is an older copy of itself.
            WitnessError: the file cannot be read, believed or written.
            StoreUnavailableError: the database does not answer.
        """
        remembered = await self._remembered()
        if remembered is not None:
            judgement = await self._store.read(partial(witnesses.look, remembered=remembered))
            if judgement.verdict == "restored":
                raise RestoredError(f"the database is an older copy: {judgement.reason}")
            if judgement.verdict == "acknowledged":
                remembered = None
        if remembered is None:
            self._known = await self._store.write(partial(witnesses.join, now=now))
        else:
            self._known = await self._store.write(partial(witnesses.advance, remembered=remembered, now=now))
        await asyncio.to_thread(self._file.write, self._known)

    async def follow(self, *, now: float) -> None:
        """For a command that ran beside the server, or without one: remember what it withdrew, if there is a file.

        Raises:
            WitnessError: the file cannot be read, believed or written.
            StoreUnavailableError: the database does not answer.
        """
        remembered = await self._remembered()
        if remembered is None or not await self.has_moved():
            return
        if (await self.look()).verdict == "ours":
            await self.bear(now=now)

    async def has_moved(self) -> bool:
        """Whether the journal has come further than is remembered."""
        remembered = await self._remembered()
        return remembered is None or await self._store.read(witnesses.position) != remembered.position

    async def remember_restore(self, *, now: float) -> None:
        """After a restore was acknowledged: join anew, and forget what was known before.

        Raises:
            WitnessError: the file cannot be written.
        """
        self._known = await self._store.write(partial(witnesses.join, now=now))
        await asyncio.to_thread(self._file.replace, self._known)

    async def generation_seen(self) -> int:
        """The newest acknowledged restore that this witness knows of.

        Raises:
            WitnessError: the file cannot be read or believed.
        """
        remembered = await self._remembered()
        return 0 if remembered is None else remembered.position.generation

    async def _remembered(self) -> Remembered | None:
        self._known = later(await asyncio.to_thread(self._file.read), self._known)
        return self._known
