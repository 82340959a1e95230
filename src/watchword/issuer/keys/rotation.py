"""The steps of a key's life; each is one transaction, and of two rotators at once one finds nothing to do (R02).

A successor is always published before it is needed. It may sign only when every cache of the JWKS must have seen it:
after max(JWKS max-age, 60 s) and the time within which every replica reads the ring again (I5). Exempt, because there
is nothing to wait for or no time to: the first keys of a new installation, and the successor of a compromised key; both
are audited. ``now`` is the database's time, read in the step's own transaction: `watchword.issuer.keys.step_time`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from sqlalchemy import Connection

from watchword.errors import WatchwordError
from watchword.failpoints import failpoint
from watchword.issuer.keys.generation import NewKey
from watchword.issuer.keys.slots import FEED, Slot, is_held, slots_of
from watchword.issuer.settings import IssuerSettings
from watchword.issuer.tokens.lifetime import LONGEST
from watchword.oauth.revocation import ROW_LEEWAY
from watchword.store.repositories import signing_algorithms, signing_keys
from watchword.store.repositories.audit import SYSTEM, Actor, AuditEntry, record
from watchword.store.repositories.installation import check_master_key
from watchword.store.repositories.signing_keys import Purpose, SigningKey, State

StepName = Literal["begin", "publish", "activate", "retire"]


class KeyStepError(WatchwordError):
    """A step that may not be taken now."""

    code: ClassVar[str] = "key_step_refused"


@dataclass(frozen=True, slots=True)
class Step:
    """A step that is due. ``kid`` is None where a key has to be generated first."""

    name: StepName
    slot: Slot
    kid: str | None = None


def prepublication(settings: IssuerSettings) -> float:
    """Seconds for which a key is published before it may sign."""
    return max(settings.jwks_max_age, 60) + settings.key_refresh


def retention() -> float:
    """Seconds for which a key stays published after it stopped signing: until its last token has ended."""
    return LONGEST + ROW_LEEWAY


def due(connection: Connection, *, now: float, settings: IssuerSettings) -> list[Step]:
    """Every step that is due at ``now`` (UTC epoch seconds), in the order in which to take them."""
    keys = signing_keys.list_all(connection)
    steps = [step for slot in slots_of(connection) for step in _due_in(connection, slot, keys, now, settings)]
    # Of whatever slot: also of one that the ring does not hold any more.
    ended = (key for key in keys if key.state == "retiring" and _has_ended(key, now))
    return [*steps, *(Step("retire", Slot(key.purpose, key.algorithm), key.kid) for key in ended)]


def _due_in(
    connection: Connection, slot: Slot, keys: Sequence[SigningKey], now: float, settings: IssuerSettings
) -> Iterator[Step]:
    here = [key for key in keys if (key.purpose, key.algorithm) == slot]
    active = next((key for key in here if key.state == "active"), None)
    successor = next((key for key in here if key.state == "next"), None)
    if active is None and begins_at_once(connection, slot, here):
        yield Step("begin", slot)
        yield Step("publish", slot)
        return
    is_due = active is None or _has_served(active, now, settings)
    if successor is not None and is_due and _may_sign(successor, now, settings):
        yield Step("activate", slot, successor.kid)
        successor = None
    if successor is None:
        yield Step("publish", slot)


def begins_at_once(connection: Connection, slot: Slot, keys: Sequence[SigningKey]) -> bool:
    """Whether a key of ``slot``, which has no active one, signs without having been published before.

    Args:
        connection: the caller's transaction.
        slot: which.
        keys: all that have ever been in it.
    """
    if slot == FEED:
        return True
    entry = signing_algorithms.find(connection, slot.algorithm)
    if entry is None:
        return False
    # Those who need this algorithm have had tokens of it: for them a compromised key is replaced at once.
    is_emptied = any(key.activated_at is not None and (key.compromised_at or 0) >= entry.added_at for key in keys)
    return entry.founding or is_emptied


def _has_ended(key: SigningKey, now: float) -> bool:
    return now >= (key.retiring_at or 0) + retention()


def _has_served(active: SigningKey, now: float, settings: IssuerSettings) -> bool:
    return now >= (active.activated_at or 0) + settings.key_lifetime


def _may_sign(successor: SigningKey, now: float, settings: IssuerSettings) -> bool:
    return successor.published_at is not None and now >= successor.published_at + prepublication(settings)


def begin(connection: Connection, slot: Slot, key: NewKey, *, now: float, actor: Actor = SYSTEM) -> str | None:
    """Give a slot without an active key one at once: its published successor when it has one, else ``key``.

    Returns:
        The kid that is active now, or None when another rotator was first, or the slot must wait.
    """
    if signing_keys.find_in_state(connection, *slot, "active") is not None:
        return None
    here = [known for known in signing_keys.list_all(connection) if (known.purpose, known.algorithm) == slot]
    if not begins_at_once(connection, slot, here):
        return None
    successor = signing_keys.find_in_state(connection, *slot, "next")
    if successor is not None:
        kid = successor.kid
        if not signing_keys.move(connection, kid, expected="next", to="active", now=now):
            return None
    else:
        kid = key.kid
        if not enter(connection, slot, key, "active", now=now):
            return None
    record(connection, entry("key.activated", kid, slot, now=now, actor=actor, exempt_from_prepublication=True))
    failpoint("keys.begin.before_commit")
    return kid


def publish(connection: Connection, slot: Slot, key: NewKey, *, now: float, actor: Actor = SYSTEM) -> str | None:
    """Publish ``key`` as the slot's successor; None when it has one already, or is not there any more."""
    if not is_held(connection, slot):
        return None
    if not enter(connection, slot, key, "next", now=now):
        return None
    record(connection, entry("key.published", key.kid, slot, now=now, actor=actor))
    failpoint("keys.publish.before_commit")
    return key.kid


def activate(
    connection: Connection, slot: Slot, *, expected: str, now: float, settings: IssuerSettings, actor: Actor = SYSTEM
) -> str | None:
    """Let the successor ``expected`` sign and the active key, if there is one, retire.

    Returns:
        The kid that is active now, or None when another rotator was first.

    Raises:
        KeyStepError: the successor has not been published for long enough.
    """
    successor = signing_keys.find_in_state(connection, *slot, "next")
    active = signing_keys.find_in_state(connection, *slot, "active")
    if successor is None or successor.kid != expected or not is_held(connection, slot):
        return None
    if not _may_sign(successor, now, settings):
        raise KeyStepError("the successor has not been published for long enough to sign")
    if active is not None and not signing_keys.move(connection, active.kid, expected="active", to="retiring", now=now):
        return None
    if not signing_keys.move(connection, successor.kid, expected="next", to="active", now=now):
        raise KeyStepError("the successor was withdrawn while it was to become active")
    record(connection, entry("key.activated", successor.kid, slot, now=now, actor=actor))
    if active is not None:
        record(connection, entry("key.retiring", active.kid, slot, now=now, actor=actor))
    failpoint("keys.activate.before_commit")
    return successor.kid


def retire(connection: Connection, slot: Slot, *, kid: str, now: float, actor: Actor = SYSTEM) -> bool:
    """Take a key out of the JWKS after its last token has ended; kept to check ``id_token_hint``."""
    key = signing_keys.find(connection, kid)
    if key is None or not _has_ended(key, now):
        return False
    if not signing_keys.move(connection, kid, expected="retiring", to="retired", now=now):
        return False
    record(connection, entry("key.retired", kid, slot, now=now, actor=actor))
    failpoint("keys.retire.before_commit")
    return True


def rotate(
    connection: Connection,
    algorithm: str,
    *,
    now: float,
    settings: IssuerSettings,
    purpose: Purpose = "token",
    actor: Actor = SYSTEM,
) -> str:
    """Rotate before the time: the published successor signs from now on.

    Returns:
        The kid that is active now.

    Raises:
        KeyStepError: there is no such slot or no successor, or it has not been published for long enough.
    """
    slot = Slot(purpose, algorithm)
    successor = signing_keys.find_in_state(connection, *slot, "next")
    if successor is None:
        raise KeyStepError("there is no published successor to rotate to")
    kid = activate(connection, slot, expected=successor.kid, now=now, settings=settings, actor=actor)
    if kid is None:
        raise KeyStepError("the keys were rotated at the same time")
    return kid


def enter(connection: Connection, slot: Slot, key: NewKey, state: State, *, now: float) -> bool:
    """Write a new key into the ring; False when its place is taken and nothing was written.

    Raises:
        MasterKeyError: it was sealed with a master key that is not the installation's any more. Nobody could open it.
    """
    # In the transaction: a process that knows the old master key alone may outlive the sealing of everything anew.
    check_master_key(connection, key.sealed_by)
    entered = SigningKey(
        kid=key.kid,
        purpose=slot.purpose,
        algorithm=slot.algorithm,
        state=state,
        public_jwk=key.public_jwk,
        sealed_private_jwk=key.sealed_private_jwk,
        created_at=now,
        published_at=now,
        activated_at=now if state == "active" else None,
    )
    return signing_keys.insert_unless_taken(connection, entered)


def entry(action: str, kid: str, slot: Slot, *, now: float, actor: Actor, **details: bool | str) -> AuditEntry:
    """The audit row of a step."""
    told = {"purpose": slot.purpose, "algorithm": slot.algorithm, **details}
    return AuditEntry(now, actor, action, "key", kid, told)
