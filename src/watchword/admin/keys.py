"""Signing keys, as an operator sees them."""

import math

from watchword.admin.desk import AdminDesk
from watchword.issuer.keys.rotation import KeyStepError, prepublication
from watchword.store.repositories import signing_keys
from watchword.store.repositories.signing_keys import SigningKey


async def list_keys(desk: AdminDesk) -> list[SigningKey]:
    """Every key in whatever state, oldest first."""
    return await desk.store.read(signing_keys.list_all)


async def rotate(desk: AdminDesk, algorithm: str) -> str:
    """Let the published successor sign from now on; its kid.

    Raises:
        KeyStepError: there is none, or it has not been published for long enough; says when it will have been.
    """
    try:
        return await desk.keys.rotate(algorithm, actor=desk.actor)
    except KeyStepError as error:
        wait = await _wait(desk, algorithm)
        if wait is None:
            raise
        raise KeyStepError(f"{error.sentence}: try again in {wait:.0f} seconds") from error


async def _wait(desk: AdminDesk, algorithm: str) -> float | None:
    """Seconds until the successor may sign; None when it may, or there is none."""
    times = [
        key.published_at
        for key in await list_keys(desk)
        if (key.purpose, key.algorithm, key.state) == ("token", algorithm, "next") and key.published_at is not None
    ]
    left = max(times, default=0.0) + prepublication(desk.settings) - desk.clock.now()
    return math.ceil(left) if left > 0 else None
