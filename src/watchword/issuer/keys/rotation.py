"""The steps of a key's life; each is one transaction, and of two rotators at once one finds nothing to do (R02).

A successor is always published before it is needed. It may sign only when every cache of the JWKS must have seen it:
after max(JWKS max-age, 60 s) and the time within which every replica reads the ring again (I5). Exempt, because there
is nothing to wait for or no time to: the first key of a slot, and the successor of a compromised one; both are audited.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

from sqlalchemy import Connection

from watchword.errors import WatchwordError
from watchword.failpoints import failpoint
from watchword.issuer.settings import IssuerSettings
from watchword.issuer.tokens.lifetime import LONGEST
from watchword.oauth.revocation import ROW_LEEWAY
from watchword.store.repositories import signing_keys
from watchword.store.repositories.audit import SYSTEM, Actor, AuditEntry, record
from watchword.store.repositories.signing_keys import Purpose, SigningKey, State

StepName = Literal["begin", "publish", "activate", "retire"]


class KeyStepError(WatchwordError):
    """A step that may not be taken now."""

    code: ClassVar[str] = "key_step_refused"


class Slot(NamedTuple):
    """A place in the ring: at most one ``next`` and one ``active`` key."""

    purpose: Purpose
    algorithm: str


# ID tokens are RS256 unless the client registered another (OpenID Connect Core section 15.1), access tokens ES256.
# The feed's keys are its own and never in the token JWKS.
SLOTS: tuple[Slot, ...] = (Slot("token", "ES256"), Slot("token", "RS256"), Slot("feed", "ES256"))


@dataclass(frozen=True, slots=True)
class NewKey:
    """A generated key on its way into the ring, its private half sealed."""

    kid: str
    public_jwk: dict[str, Any]
    sealed_private_jwk: bytes


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
    return [step for slot in SLOTS for step in _due_in(connection, slot, now=now, settings=settings)]


def _due_in(connection: Connection, slot: Slot, *, now: float, settings: IssuerSettings) -> Iterator[Step]:
    active = signing_keys.find_in_state(connection, *slot, "active")
    successor = signing_keys.find_in_state(connection, *slot, "next")
    is_due = active is not None and _has_served(active, now, settings)
    if active is None:
        yield Step("begin", slot)
    elif successor is not None and is_due and _may_sign(successor, now, settings):
        yield Step("activate", slot, successor.kid)
        successor = None
    if successor is None or active is None:
        yield Step("publish", slot)
    for key in signing_keys.list_all(connection):
        is_here = key.purpose == slot.purpose and key.algorithm == slot.algorithm
        if is_here and key.state == "retiring" and now >= (key.retiring_at or 0) + retention():
            yield Step("retire", slot, key.kid)


def _has_served(active: SigningKey, now: float, settings: IssuerSettings) -> bool:
    return now >= (active.activated_at or 0) + settings.key_lifetime


def _may_sign(successor: SigningKey, now: float, settings: IssuerSettings) -> bool:
    return successor.published_at is not None and now >= successor.published_at + prepublication(settings)


def begin(connection: Connection, slot: Slot, key: NewKey, *, now: float, actor: Actor = SYSTEM) -> str | None:
    """Give a slot without an active key one at once: its published successor when it has one, else ``key``.

    Returns:
        The kid that is active now, or None when another rotator was first.
    """
    if signing_keys.find_in_state(connection, *slot, "active") is not None:
        return None
    successor = signing_keys.find_in_state(connection, *slot, "next")
    if successor is not None:
        kid = successor.kid
        if not signing_keys.move(connection, kid, expected="next", to="active", now=now):
            return None
    else:
        kid = key.kid
        if not signing_keys.insert_unless_taken(connection, _record_of(slot, key, "active", now)):
            return None
    record(connection, _entry("key.activated", kid, slot, now=now, actor=actor, exempt_from_prepublication=True))
    failpoint("keys.begin.before_commit")
    return kid


def publish(connection: Connection, slot: Slot, key: NewKey, *, now: float, actor: Actor = SYSTEM) -> str | None:
    """Publish ``key`` as the slot's successor; None when it has one already."""
    if not signing_keys.insert_unless_taken(connection, _record_of(slot, key, "next", now)):
        return None
    record(connection, _entry("key.published", key.kid, slot, now=now, actor=actor))
    failpoint("keys.publish.before_commit")
    return key.kid


def activate(
    connection: Connection, slot: Slot, *, expected: str, now: float, settings: IssuerSettings, actor: Actor = SYSTEM
) -> str | None:
    """Let the successor ``expected`` sign and the active key retire.

    Returns:
        The kid that is active now, or None when another rotator was first.

    Raises:
        KeyStepError: the successor has not been published for long enough.
    """
    successor = signing_keys.find_in_state(connection, *slot, "next")
    active = signing_keys.find_in_state(connection, *slot, "active")
    if successor is None or active is None or successor.kid != expected:
        return None
    if not _may_sign(successor, now, settings):
        raise KeyStepError("the successor has not been published for long enough to sign")
    if not signing_keys.move(connection, active.kid, expected="active", to="retiring", now=now):
        return None
    if not signing_keys.move(connection, successor.kid, expected="next", to="active", now=now):
        raise KeyStepError("the successor was withdrawn while it was to become active")
    record(connection, _entry("key.activated", successor.kid, slot, now=now, actor=actor))
    record(connection, _entry("key.retiring", active.kid, slot, now=now, actor=actor))
    failpoint("keys.activate.before_commit")
    return successor.kid


def retire(connection: Connection, slot: Slot, *, kid: str, now: float, actor: Actor = SYSTEM) -> bool:
    """Take a key out of the JWKS after its last token has ended; kept to check ``id_token_hint``."""
    if not signing_keys.move(connection, kid, expected="retiring", to="retired", now=now):
        return False
    record(connection, _entry("key.retired", kid, slot, now=now, actor=actor))
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
    if slot not in SLOTS or successor is None:
        raise KeyStepError("there is no published successor to rotate to")
    kid = activate(connection, slot, expected=successor.kid, now=now, settings=settings, actor=actor)
    if kid is None:
        raise KeyStepError("the keys were rotated at the same time")
    return kid


def compromise(connection: Connection, kid: str, *, reason: str, actor: Actor, now: float) -> SigningKey | None:
    """Never publish or use ``kid`` again; a successor, if there is one, signs at once.

    Returns:
        The key as it was before, or None when there is no such key or it is compromised already.
    """
    key = signing_keys.find(connection, kid)
    if key is None or key.state == "compromised":
        return None
    if not signing_keys.move(connection, kid, expected=key.state, to="compromised", now=now):
        return None
    slot = Slot(key.purpose, key.algorithm)
    record(connection, _entry("key.compromised", kid, slot, now=now, actor=actor, reason=reason))
    successor = signing_keys.find_in_state(connection, *slot, "next")
    if key.state == "active" and successor is not None:
        signing_keys.move(connection, successor.kid, expected="next", to="active", now=now)
        record(
            connection,
            _entry("key.activated", successor.kid, slot, now=now, actor=actor, exempt_from_prepublication=True),
        )
    return key


def _record_of(slot: Slot, key: NewKey, state: State, now: float) -> SigningKey:
    return SigningKey(
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


def _entry(action: str, kid: str, slot: Slot, *, now: float, actor: Actor, **details: bool | str) -> AuditEntry:
    told = {"purpose": slot.purpose, "algorithm": slot.algorithm, **details}
    return AuditEntry(now, actor, action, "key", kid, told)
