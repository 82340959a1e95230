"""Signing keys, as an operator sees them."""

from watchword.admin.desk import AdminDesk
from watchword.store.repositories import signing_keys
from watchword.store.repositories.signing_keys import SigningKey


async def list_keys(desk: AdminDesk) -> list[SigningKey]:
    """Every key in whatever state, oldest first."""
    return await desk.store.read(signing_keys.list_all)


async def rotate(desk: AdminDesk, algorithm: str) -> str:
    """Let the published successor sign from now on; its kid.

    Raises:
        KeyStepError: there is none, or it has not been published for long enough.
    """
    return await desk.keys.rotate(algorithm, actor=desk.actor)
