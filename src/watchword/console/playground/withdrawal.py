"""Waiting until an API has heard that a token was withdrawn."""

import asyncio

from watchword.console.playground.bench import Bench
from watchword.console.playground.run import Step

# Verifiers hear of a withdrawal within a second; whoever waits longer than this hears that they did not.
PATIENCE_SECONDS = 5.0
_LOOK_SECONDS = 0.1


async def present_until_refused(bench: Bench, token: str, title: str, sentence: str) -> tuple[Step, float]:
    """Present ``token`` to the API again and again until it is refused, or patience ends.

    Returns:
        The last request, and the seconds after which it was answered.

    Raises:
        NoAnswerError: nobody answered.
    """
    began = bench.desk.clock.monotonic()
    while True:
        step = await bench.call_api(token, title, sentence)
        took = bench.desk.clock.monotonic() - began
        if step.exchange.status == 401 or took > PATIENCE_SECONDS:
            return step, took
        await asyncio.sleep(_LOOK_SECONDS)
