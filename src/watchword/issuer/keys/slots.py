"""The places of the ring: one for each algorithm that tokens are signed with, and one for the revocation feed."""

from typing import NamedTuple

from sqlalchemy import Connection

from watchword.oauth.revocation import MESSAGE_ALGORITHM
from watchword.store.repositories import signing_algorithms
from watchword.store.repositories.signing_keys import Purpose


class Slot(NamedTuple):
    """A place in the ring: at most one ``next`` and one ``active`` key."""

    purpose: Purpose
    algorithm: str


# The feed's keys are its own and never in the token JWKS.
FEED = Slot("feed", MESSAGE_ALGORITHM)


def slots_of(connection: Connection) -> tuple[Slot, ...]:
    """Every place there is now, the feed's last."""
    held = signing_algorithms.list_all(connection)
    return (*(Slot("token", one.algorithm) for one in held), FEED)


def is_held(connection: Connection, slot: Slot) -> bool:
    """Whether the ring has that place."""
    return slot == FEED or (slot.purpose == "token" and signing_algorithms.find(connection, slot.algorithm) is not None)
