"""Event loops that nobody has to wait for: looking a name up cannot be interrupted (THREATS R30)."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Thread
from typing import Any


class _NameLookups(ThreadPoolExecutor):
    """Runs each call in a thread of its own that is waited for neither when the loop closes nor when the process ends,
    as the threads of asyncio's own executor are.
    """

    def submit(self, call: Callable[..., Any], /, *arguments: Any, **options: Any) -> "Future[Any]":
        outcome: Future[Any] = Future()

        def run() -> None:
            try:
                outcome.set_result(call(*arguments, **options))
            except BaseException as error:  # noqa: BLE001  handed to whoever waits
                outcome.set_exception(error)

        outcome.set_running_or_notify_cancel()
        try:
            Thread(target=run, name="watchword-name-lookup", daemon=True).start()
        except RuntimeError as error:
            raise OSError("there is no thread left to look a name up with") from error
        return outcome


def event_loop() -> asyncio.AbstractEventLoop:
    """A new event loop that closes, and lets the process end, while the name server has still to answer."""
    loop = asyncio.new_event_loop()
    loop.set_default_executor(_NameLookups(1))
    return loop
