"""What an operator's action works with."""

from dataclasses import dataclass, replace
from typing import Any

from watchword.authn.factors.password import PasswordHasher
from watchword.clock import Clock
from watchword.issuer.keys.ring import KeyRing
from watchword.issuer.settings import IssuerSettings
from watchword.store.engine import Store
from watchword.store.repositories.audit import Actor, AuditEntry

OPERATOR = Actor("operator")


@dataclass(frozen=True, slots=True)
class AdminDesk:
    """Where operators work.

    Args:
        store: the records.
        clock: the time.
        passwords: the pool that hashes passwords.
        keys: the ring of signing keys.
        settings: the issuer's.
        console_client_id: the client with which the console itself signs in.
        actor: who acts; named in every audit row.
    """

    store: Store
    clock: Clock
    passwords: PasswordHasher
    keys: KeyRing
    settings: IssuerSettings
    console_client_id: str | None = None
    actor: Actor = OPERATOR

    def as_actor(self, actor: Actor) -> "AdminDesk":
        """The same desk with somebody else at it."""
        return replace(self, actor=actor)

    def entry(self, action: str, target_kind: str, target_id: str, **details: Any) -> AuditEntry:
        """An audit row for something done now."""
        return AuditEntry(self.clock.now(), self.actor, action, target_kind, target_id, details)
