"""A key that somebody else may have: never published or used again, and replaced in the same transaction (R36)."""

from sqlalchemy import Connection

from watchword.issuer.keys.generation import NewKey
from watchword.issuer.keys.rotation import enter, entry
from watchword.issuer.keys.slots import Slot, is_held
from watchword.store.repositories import signing_keys
from watchword.store.repositories.audit import Actor, record
from watchword.store.repositories.signing_keys import SigningKey


def compromise(
    connection: Connection, kid: str, *, replacement: NewKey | None = None, reason: str, actor: Actor, now: float
) -> SigningKey | None:
    """Never publish or use ``kid`` again; if it was the active key, its successor signs at once.

    Args:
        connection: the caller's transaction; `issuer.revocation.withdraw.key` tells the verifiers in it.
        kid: which key.
        replacement: signs where the slot has no successor.
        reason: why.
        actor: who says so.
        now: UTC epoch seconds.

    Returns:
        The key as it was before, or None when there is no such key or it is compromised already.
    """
    key = signing_keys.find(connection, kid)
    if key is None or key.state == "compromised":
        return None
    if not signing_keys.move(connection, kid, expected=key.state, to="compromised", now=now):
        return None
    slot = Slot(key.purpose, key.algorithm)
    record(connection, entry("key.compromised", kid, slot, now=now, actor=actor, reason=reason))
    if key.state == "active" and is_held(connection, slot):
        _replace(connection, slot, replacement, actor=actor, now=now)
    return key


def _replace(connection: Connection, slot: Slot, replacement: NewKey | None, *, actor: Actor, now: float) -> None:
    successor = signing_keys.find_in_state(connection, *slot, "next")
    if successor is not None:
        kid = successor.kid
        signing_keys.move(connection, kid, expected="next", to="active", now=now)
    elif replacement is not None:
        kid = replacement.kid
        enter(connection, slot, replacement, "active", now=now)
    else:
        return
    record(connection, entry("key.activated", kid, slot, now=now, actor=actor, exempt_from_prepublication=True))
