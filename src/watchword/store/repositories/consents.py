"""Consents: what a user has allowed a client to ask for, until they withdraw it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from watchword.store.repositories.inserting import insert_absent
from watchword.store.tables import consents


@dataclass(frozen=True, slots=True)
class Consent:
    """What ``user_id`` allowed ``client_id``.

    Args:
        user_id: who allowed it.
        client_id: whom.
        allowed: the scopes at each resource (O16): writing here and reading there is not writing there. What was
            allowed without any resource stands under the empty text.
        granted_at: when they did so last, UTC epoch seconds.
    """

    user_id: str
    client_id: str
    allowed: Mapping[str, frozenset[str]]
    granted_at: float

    @property
    def scopes(self) -> tuple[str, ...]:
        """Every scope that was allowed anywhere, in alphabetical order."""
        return tuple(sorted(frozenset().union(*self.allowed.values())))

    @property
    def resources(self) -> tuple[str, ...]:
        """Every resource at which something was allowed, in alphabetical order."""
        return tuple(sorted(resource for resource in self.allowed if resource))

    def covers(self, scopes: Iterable[str], resources: Iterable[str]) -> bool:
        """Whether everything asked for now has been allowed before, at each of the resources."""
        wanted, places = set(scopes), set(resources)
        if not places:
            # Such a request reaches the issuer alone, whose scopes mean the same beside any resource.
            return wanted <= set(self.scopes)
        return all(place in self.allowed and wanted <= self.allowed[place] for place in places)


def find(connection: Connection, user_id: str, client_id: str) -> Consent | None:
    """What the user has allowed the client, if anything."""
    row = connection.execute(_of(user_id, client_id)).one_or_none()
    return _consent(row) if row is not None else None


def list_of(connection: Connection, user_id: str) -> list[Consent]:
    """Everything the user has allowed, newest first."""
    rows = connection.execute(
        select(consents)
        .where(consents.c.user_id == user_id)
        .order_by(consents.c.granted_at.desc(), consents.c.client_id)
    )
    return [_consent(row) for row in rows]


def remember(
    connection: Connection,
    *,
    user_id: str,
    client_id: str,
    scopes: Iterable[str],
    resources: Iterable[str],
    now: float,
) -> Consent:
    """Add to what the user has allowed the client; of two at once, neither is lost."""
    nothing: dict[str, Any] = {"scopes": [], "resources": {}}
    insert_absent(connection, consents, [{"user_id": user_id, "client_id": client_id, "granted_at": now, **nothing}])
    before = _consent(connection.execute(_of(user_id, client_id).with_for_update()).one())
    added, allowed = frozenset(scopes), dict(before.allowed)
    for resource in tuple(resources) or ("",):
        allowed[resource] = allowed.get(resource, frozenset()) | added
    after = Consent(user_id, client_id, allowed, now)
    connection.execute(
        update(consents)
        .where(consents.c.user_id == user_id, consents.c.client_id == client_id)
        .values(
            scopes=list(after.scopes),
            resources={resource: sorted(given) for resource, given in allowed.items()},
            granted_at=now,
        )
    )
    return after


def withdraw(connection: Connection, user_id: str, client_id: str) -> bool:
    """Forget what the user allowed the client; whether there was anything. The caller revokes the grants."""
    gone = connection.execute(
        delete(consents)
        .where(consents.c.user_id == user_id, consents.c.client_id == client_id)
        .returning(consents.c.client_id)
    )
    return gone.first() is not None


def forget_client(connection: Connection, client_id: str) -> int:
    """Forget what everybody allowed the client; how many they were. The caller refuses its grants."""
    return connection.execute(delete(consents).where(consents.c.client_id == client_id)).rowcount


def _of(user_id: str, client_id: str) -> Any:
    return select(consents).where(consents.c.user_id == user_id, consents.c.client_id == client_id)


def _consent(row: Row[Any]) -> Consent:
    return Consent(
        user_id=row.user_id,
        client_id=row.client_id,
        allowed={resource: frozenset(scopes) for resource, scopes in row.resources.items()},
        granted_at=row.granted_at,
    )
