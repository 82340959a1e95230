"""Signing keys, as an operator sees them."""

import math
from dataclasses import dataclass

from sqlalchemy import Connection

from watchword.admin.clients import ID_TOKEN_ALGORITHMS
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError, UnknownError
from watchword.issuer.keys.rotation import KeyStepError, prepublication
from watchword.issuer.keys.slots import Slot
from watchword.jose.algorithms import ASYMMETRIC
from watchword.store.repositories import signing_algorithms, signing_keys
from watchword.store.repositories.signing_keys import SigningKey

REASON = "operator"


@dataclass(frozen=True, slots=True)
class HeldAlgorithm:
    """An algorithm of the ring.

    Args:
        name: its name.
        signs: whether a key signs with it now.
        signs_from: from when on one may, UTC epoch seconds; None when one does, or none is published.
        is_default: signs the access tokens of APIs that chose none.
        apis: identifiers of the APIs that chose it.
        clients: names of the clients whose ID tokens it signs.
    """

    name: str
    signs: bool
    signs_from: float | None
    is_default: bool
    apis: tuple[str, ...]
    clients: tuple[str, ...]


async def list_keys(desk: AdminDesk) -> list[SigningKey]:
    """Every key in whatever state, oldest first."""
    return await desk.store.read(signing_keys.list_all)


async def list_algorithms(desk: AdminDesk) -> list[HeldAlgorithm]:
    """Every algorithm that tokens are signed with, or will be."""

    def job(connection: Connection) -> list[HeldAlgorithm]:
        keys = {(key.algorithm, key.state): key for key in signing_keys.list_all(connection) if key.purpose == "token"}
        apis = signing_algorithms.chosen_by_apis(connection)
        clients = signing_algorithms.chosen_by_clients(connection)
        held = []
        for one in signing_algorithms.list_all(connection):
            signs, successor = (one.algorithm, "active") in keys, keys.get((one.algorithm, "next"))
            signs_from = None
            if not signs and successor is not None and successor.published_at is not None:
                signs_from = successor.published_at + prepublication(desk.settings)
            users = tuple(apis.get(one.algorithm, ())), tuple(clients.get(one.algorithm, ()))
            held.append(HeldAlgorithm(one.algorithm, signs, signs_from, one.is_default, *users))
        return held

    return await desk.store.read(job)


async def choosable_algorithms(desk: AdminDesk) -> tuple[str, ...]:
    """What can be chosen now, as this process knows it; the choice itself asks the records."""
    return await desk.keys.signing_algorithms()


async def id_token_algorithms(desk: AdminDesk) -> tuple[str, ...]:
    """Those of them that may sign ID tokens."""
    return tuple(name for name in await choosable_algorithms(desk) if name in ID_TOKEN_ALGORITHMS)


async def rotate(desk: AdminDesk, algorithm: str) -> str:
    """Let the published successor sign from now on; its kid.

    Raises:
        KeyStepError: there is none, or it has not been published for long enough; says when it will have been.
    """
    try:
        return await desk.keys.rotate(algorithm, actor=desk.actor)
    except KeyStepError as error:
        wait = await desk.keys.seconds_to_wait(Slot("token", algorithm))
        if not wait:
            raise
        raise KeyStepError(f"{error.sentence}: try again in {math.ceil(wait)} seconds") from error


async def require_known_successor(desk: AdminDesk, algorithm: str) -> None:
    """Make sure that every verifier knows the key that would take over: in an emergency nobody waits for that.

    Raises:
        KeyStepError: some may not know it yet; says for how long.
    """
    wait = await desk.keys.seconds_to_wait(Slot("token", algorithm))
    if wait:
        raise KeyStepError(f"not every verifier knows the next key yet: try again in {math.ceil(wait)} seconds")


async def compromise(desk: AdminDesk, kid: str) -> str | None:
    """Refuse whatever ``kid`` signed, everywhere; another key signs from now on.

    Returns:
        The key that signs in its place; None when it did not sign.

    Raises:
        UnknownError: there is no such key.
        InvalidRequestError: it is compromised already.
    """
    known = await desk.store.read(lambda connection: signing_keys.find(connection, kid))
    if known is None:
        raise UnknownError("there is no such key")
    if not await desk.keys.compromise(kid, reason=REASON, actor=desk.actor):
        raise InvalidRequestError("this key is compromised already")
    if known.state != "active":
        return None
    successor = await desk.store.read(
        lambda connection: signing_keys.find_in_state(connection, known.purpose, known.algorithm, "active")
    )
    return None if successor is None else successor.kid


async def add_algorithm(desk: AdminDesk, algorithm: str) -> None:
    """Publish a key for one more algorithm, which signs once every cache of the keys must have seen it.

    Raises:
        InvalidRequestError: it is there already.
        KeyStepError: tokens cannot be signed with it.
    """
    if not await desk.keys.add_algorithm(algorithm, actor=desk.actor):
        raise InvalidRequestError(f"the keys have {algorithm} already")


async def remove_algorithm(desk: AdminDesk, algorithm: str) -> None:
    """Sign nothing more with ``algorithm``; its keys stay published until their last token has ended.

    Raises:
        KeyStepError: it is not there, or something needs it; says what.
    """
    await desk.keys.remove_algorithm(algorithm, actor=desk.actor)


async def use_by_default(desk: AdminDesk, algorithm: str) -> None:
    """Let ``algorithm`` sign the access tokens of every API that chose no other.

    Raises:
        KeyStepError: it is not there, or does not sign yet.
    """
    await desk.keys.make_default(algorithm, actor=desk.actor)


def algorithms_to_add(held: list[HeldAlgorithm]) -> tuple[str, ...]:
    """Those that the ring could hold besides."""
    names = {one.name for one in held}
    return tuple(name for name in ASYMMETRIC if name not in names)
