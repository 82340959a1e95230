"""Whether the database is still the one it was, looked at all the time: somebody may restore it under a running server.

From an older copy nothing is served: what was withdrawn since it was made is good in it again. Requests get 503 until
`watchword restore acknowledge` has been run, and no restart is needed after that.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from watchword.clock import Clock
from watchword.errors import WatchwordError
from watchword.store.errors import RestoredError, WitnessError
from watchword.store.witness import Witness

LOOK_EVERY = 1.0  # seconds; also how much of what was withdrawn last may go unnoticed
MARK_EVERY = 10.0  # seconds between two marks in the database when nothing is withdrawn

_log = logging.getLogger("watchword.restore")


class RestoreGuard:
    """Asks a witness; without one it believes the database.

    Args:
        witness: who remembers how far the database had come.
        clock: its time.
        data_file: SQLite's; another file in its place is a restore too, though this process has the old one open.
        interrupt: ends what is being told at the moment it is found out.
    """

    def __init__(
        self,
        witness: Witness | None = None,
        clock: Clock | None = None,
        *,
        data_file: Path | None = None,
        interrupt: Callable[[], None] = lambda: None,
    ) -> None:
        self._witness = witness
        self._clock = clock
        self._data_file = data_file
        self._opened_file: tuple[int, int] | None = None
        self._interrupt = interrupt
        self._marked_at = float("-inf")
        self.is_restored = False

    async def start(self) -> None:
        """Look for the first time, and remember.

        Raises:
            RestoredError: the database is an older copy of itself.
            WitnessError: the witness file cannot be read, believed or written.
            StoreUnavailableError: the database does not answer.
        """
        self._opened_file = self._file_in_place()
        if self._witness is None:
            _log.warning("no witness: an older copy of the database would be served; set database.witness_file")
        else:
            await self._bear(self._witness)

    async def check(self) -> None:
        """Look once more; mark the database when it is time, or when its journal has grown."""
        if self._witness is None or self._clock is None:
            return
        if self._opened_file is not None and self._file_in_place() != self._opened_file:
            self._accuse("another file is where the data file was; start again after acknowledging")
            return
        judgement = await self._witness.look()
        if judgement.verdict == "restored":
            self._accuse(judgement.reason)
            return
        if (
            judgement.verdict == "acknowledged"
            or self._clock.monotonic() - self._marked_at >= MARK_EVERY
            or await self._witness.has_moved()
        ):
            await self._bear(self._witness)
        if self.is_restored:
            _log.warning("the restored database has been acknowledged: serving again")
            self.is_restored = False

    async def require_own(self) -> None:
        """A check of readiness.

        Raises:
            RestoredError: the last look found an older copy.
        """
        if self.is_restored:
            raise RestoredError("the database is an older copy of itself")

    async def keep_checking(self) -> None:
        """`check` until cancelled; a failure is logged and tried again."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self.check()
            except RestoredError as error:
                self._accuse(error.sentence)
            except WitnessError as error:
                _log.error("the witness cannot remember: %s", error.sentence, extra={"error": error.code})
            except WatchwordError as error:
                _log.warning("the witness could not look", extra={"error": error.code})

    async def stop(self) -> None:
        """Mark the database for the last time."""
        if self._witness is not None and not self.is_restored:
            try:
                await self._bear(self._witness)
            except WatchwordError as error:
                _log.warning("the witness could not look", extra={"error": error.code})

    async def _bear(self, witness: Witness) -> None:
        assert self._clock is not None
        await witness.bear(now=self._clock.now())
        self._marked_at = self._clock.monotonic()

    def _file_in_place(self) -> tuple[int, int] | None:
        try:
            status = None if self._data_file is None else self._data_file.stat()
        except OSError:
            return (0, 0)
        return None if status is None else (status.st_dev, status.st_ino)

    def _accuse(self, reason: str) -> None:
        if not self.is_restored:
            _log.error("the database is an older copy: %s; run `watchword restore acknowledge`", reason)
            self.is_restored = True
            self._interrupt()
