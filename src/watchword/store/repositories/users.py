"""Users: who they are, what they may type to say so, and the hash of their password."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from watchword.store.errors import StoreError
from watchword.store.prepared import Prepared
from watchword.store.repositories import sessions
from watchword.store.tables import subjects, user_identifiers, users

_FIND = Prepared(select(users).where(users.c.id == bindparam("wanted")))

UserStatus = Literal["active", "disabled", "locked", "reset"]

# A typed identifier longer than the column can belong to nobody.
MAX_IDENTIFIER = 255


class IdentifierTakenError(StoreError):
    """A user name or an e-mail that somebody already has; user names and e-mails are one namespace."""

    code: ClassVar[str] = "identifier_taken"


class InvalidIdentifierError(StoreError):
    """A user name or an e-mail that nobody may have."""

    code: ClassVar[str] = "invalid_identifier"


@dataclass(frozen=True, slots=True)
class User:
    """A person. Times are UTC epoch seconds; ``claims`` are those of OpenID Connect Core section 5.1."""

    id: str
    username: str
    email: str | None
    email_verified_at: float | None
    claims: Mapping[str, Any]
    password_hash: str | None = field(repr=False)
    password_changed_at: float | None
    status: UserStatus
    created_at: float

    @property
    def is_active(self) -> bool:
        """Whether this user may sign in and receive tokens."""
        return self.status == "active"

    @property
    def label(self) -> str:
        """How pages name this user to themselves."""
        name = self.claims.get("name")
        return name if isinstance(name, str) and name else self.username


def fold(typed: str) -> str:
    """What two spellings of one identifier have in common: NFKC, folded case, no surrounding space."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", typed).casefold()).strip()


def find(connection: Connection, user_id: str) -> User | None:
    """The user of that id."""
    row = _FIND.first(connection, {"wanted": user_id})
    return _user(row) if row is not None else None


def find_by_identifier(connection: Connection, typed: str) -> User | None:
    """The user who may be meant by ``typed``, a user name or an e-mail in any case and composition."""
    identifier = fold(typed)
    if not identifier or len(identifier) > MAX_IDENTIFIER or "\x00" in identifier:
        return None
    row = connection.execute(
        select(users)
        .join(user_identifiers, user_identifiers.c.user_id == users.c.id)
        .where(user_identifiers.c.identifier == identifier)
    ).one_or_none()
    return _user(row) if row is not None else None


def create(connection: Connection, user: User) -> None:
    """Store a new user with their identifiers and their place among the subjects.

    Raises:
        IdentifierTakenError: the user name or the e-mail is somebody's already.
        InvalidIdentifierError: one of them is empty, too long or holds control characters.
    """
    identifiers = {_identifier(user.username): "username"}
    if user.email is not None:
        identifiers.setdefault(_identifier(user.email), "email")
    taken = select(user_identifiers.c.identifier).where(user_identifiers.c.identifier.in_(identifiers))
    if connection.execute(taken).first() is not None:
        raise IdentifierTakenError("the user name or e-mail address is already in use")
    connection.execute(insert(subjects).values(id=user.id, kind="user", created_at=user.created_at))
    connection.execute(
        insert(users).values(
            id=user.id,
            username=user.username,
            email=user.email,
            email_verified_at=user.email_verified_at,
            claims=dict(user.claims),
            password_hash=user.password_hash,
            password_changed_at=user.password_changed_at,
            status=user.status,
            created_at=user.created_at,
        )
    )
    connection.execute(
        insert(user_identifiers),
        [{"identifier": text, "user_id": user.id, "kind": kind} for text, kind in identifiers.items()],
    )


def set_password(connection: Connection, user_id: str, password_hash: str, *, now: float) -> None:
    """Give the user another password; every session they have ends with the old one (O55)."""
    connection.execute(
        update(users).where(users.c.id == user_id).values(password_hash=password_hash, password_changed_at=now)
    )
    sessions.end_all_of(connection, user_id, now)


def replace_hash(connection: Connection, user_id: str, *, expected: str, password_hash: str) -> None:
    """Store the same password under newer parameters, unless it has been changed meanwhile (O53)."""
    connection.execute(
        update(users)
        .where(users.c.id == user_id, users.c.password_hash == expected)
        .values(password_hash=password_hash)
    )


def set_status(connection: Connection, user_id: str, status: UserStatus) -> None:
    """Let the user in or keep them out; whoever keeps them out also withdraws what they hold."""
    connection.execute(update(users).where(users.c.id == user_id).values(status=status))


def list_all(connection: Connection) -> list[User]:
    """Every user, oldest first."""
    return [_user(row) for row in connection.execute(select(users).order_by(users.c.created_at, users.c.id))]


def list_page(connection: Connection, *, search: str, after: str | None, limit: int) -> list[User]:
    """Users by user name, folded, a page at a time.

    Args:
        connection: the caller's transaction.
        search: part of a user name or an e-mail address; empty for everybody.
        after: the id of the user after whom to go on; nothing follows a user that is not there.
        limit: how many at most.
    """
    own = user_identifiers.alias()
    statement = (
        select(users)
        .join(own, (own.c.user_id == users.c.id) & (own.c.kind == "username"))
        .order_by(own.c.identifier)
        .limit(limit)
    )
    if after is not None:
        before = user_identifiers.alias()
        last = select(before.c.identifier).where(before.c.user_id == after, before.c.kind == "username")
        statement = statement.where(own.c.identifier > last.scalar_subquery())
    if search:
        found = user_identifiers.alias()
        held = select(found.c.user_id).where(found.c.identifier.contains(fold(search), autoescape=True))
        statement = statement.where(users.c.id.in_(held))
    return [_user(row) for row in connection.execute(statement)]


def labels(connection: Connection, user_ids: Sequence[str]) -> dict[str, str]:
    """How pages call these users, by id."""
    return {
        user.id: user.label for user in map(_user, connection.execute(select(users).where(users.c.id.in_(user_ids))))
    }


def count(connection: Connection) -> int:
    """How many users there are."""
    return connection.execute(select(func.count()).select_from(users)).scalar_one()


def _identifier(text: str) -> str:
    identifier = fold(text)
    if not identifier or len(identifier) > MAX_IDENTIFIER or len(text) > MAX_IDENTIFIER:
        raise InvalidIdentifierError("the user name or e-mail address is empty or too long")
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs"} for character in text):
        raise InvalidIdentifierError("the user name or e-mail address holds control characters")
    return identifier


def _user(row: Row[Any]) -> User:
    return User(
        id=row.id,
        username=row.username,
        email=row.email,
        email_verified_at=row.email_verified_at,
        claims=row.claims,
        password_hash=row.password_hash,
        password_changed_at=row.password_changed_at,
        status=row.status,
        created_at=row.created_at,
    )
